// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Row-major index arithmetic over ONNX shapes. All products are checked.
library IndexMath {
    error RankMismatch(uint256 expected, uint256 actual);
    error IndexOutOfRange(uint256 index, uint256 size);

    /// @notice Number of elements of a shape; 1 for a scalar.
    function count(uint32[] memory shape) internal pure returns (uint256 product) {
        return span(shape, 0, shape.length);
    }

    /// @notice Product of the dimensions `from … to − 1`.
    function span(uint32[] memory shape, uint256 from, uint256 to) internal pure returns (uint256 product) {
        product = 1;
        for (uint256 axis = from; axis < to; ++axis) product *= shape[axis];
    }

    /// @notice The multi-index of flat element `element` of `shape`.
    function unravel(uint256 element, uint32[] memory shape) internal pure returns (uint256[] memory index) {
        index = new uint256[](shape.length);
        uint256 rest = element;
        for (uint256 axis = shape.length; axis > 0; --axis) {
            uint256 size = shape[axis - 1];
            if (size == 0) revert IndexOutOfRange(element, 0);
            index[axis - 1] = rest % size;
            rest /= size;
        }
        if (rest != 0) revert IndexOutOfRange(element, count(shape));
    }

    /// @notice The flat element of `shape` at `index`.
    function ravel(uint256[] memory index, uint32[] memory shape) internal pure returns (uint256 element) {
        if (index.length != shape.length) revert RankMismatch(shape.length, index.length);
        for (uint256 axis = 0; axis < shape.length; ++axis) {
            if (index[axis] >= shape[axis]) revert IndexOutOfRange(index[axis], shape[axis]);
            element = element * shape[axis] + index[axis];
        }
    }

    /// @notice The flat element of `shape` that broadcasts to `index` of a shape at least as long: trailing axes align,
    /// axes of size 1 repeat.
    function broadcast(uint256[] memory index, uint32[] memory shape) internal pure returns (uint256 element) {
        if (shape.length > index.length) revert RankMismatch(index.length, shape.length);
        uint256 lead = index.length - shape.length;
        for (uint256 axis = 0; axis < shape.length; ++axis) {
            uint256 size = shape[axis];
            uint256 position = size == 1 ? 0 : index[lead + axis];
            if (position >= size) revert IndexOutOfRange(position, size);
            element = element * size + position;
        }
    }
}
