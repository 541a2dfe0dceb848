// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    GraphHeader,
    Operand,
    PLACE_CONSTANT,
    PLACE_EXACT,
    PLACE_FEED,
    PLACE_LOOSE,
    PLACE_NEXT_STATE,
    PLACE_STATE,
    Value
} from "../types/Graph.sol";
import {GraphRef} from "../types/Job.sol";
import {StepTrace} from "../types/Trace.sol";
import {Opening} from "../types/Witness.sol";
import {DType} from "./DType.sol";
import {GraphProof} from "./GraphProof.sol";
import {IndexMath} from "./IndexMath.sol";
import {Merkle} from "./Merkle.sol";
import {TensorRead} from "./TensorRead.sol";
import {Float32} from "./numeric/Float32.sol";

/// @notice One step of a claim as a leaf reads it: the graph says what is where, the openings deliver it, in reading order.
struct Step {
    GraphRef graph;
    GraphHeader header;
    StepTrace trace;
    Opening[] openings;
    uint256 used;
}

library StepReader {
    error OpeningsMissing(uint256 given);
    error OpeningsLeft(uint256 used, uint256 given);
    error NoSuchPlace(uint8 place);
    error OperandNotFinite(uint256 bits);
    error OperandNotBool(uint256 raw);
    error WrongDType(uint8 expected, uint8 actual);
    error LayoutMismatch();
    error ElementLength(uint256 expected, uint256 actual);

    /// @notice Elements `first … first + count − 1` of a value, consuming the next opening.
    /// @return chunks whole chunks, little-endian elements
    /// @return offset index of the first element's first byte in `chunks`
    function read(Step memory step, Value memory value, uint256 first, uint256 count)
        internal
        view
        returns (bytes memory chunks, uint256 offset)
    {
        return _open(step, value.place, value.index, value.dtype, value.shape, first, count);
    }

    /// @notice Elements of an operand in its reading layout `[batch, cols, rows]` of a value viewed as `[batch, rows, cols]`
    /// (P5.4), or of the value itself where rows or cols is 1 and the bytes are equal.
    function readLayout(
        Step memory step,
        Operand memory operand,
        uint256 batch,
        uint256 rows,
        uint256 cols,
        uint256 first,
        uint256 count
    ) internal view returns (bytes memory chunks, uint256 offset) {
        if (rows == 1 || cols == 1) {
            if (operand.layout.length != 0) revert LayoutMismatch();
            return read(step, operand.value, first, count);
        }
        uint32[] memory layout = operand.layout;
        if (layout.length != 3 || layout[0] != batch || layout[1] != rows || layout[2] != cols) revert LayoutMismatch();
        if (batch * rows * cols != IndexMath.count(operand.value.shape)) revert LayoutMismatch();
        return _open(
            step, operand.layoutPlace, operand.layoutIndex, operand.value.dtype, operand.value.shape, first, count
        );
    }

    /// @notice The raw little-endian word of one element.
    function element(Step memory step, Value memory value, uint256 index) internal view returns (uint256 raw) {
        (bytes memory chunks, uint256 offset) = read(step, value, index, 1);
        return word(chunks, offset, DType.size(value.dtype));
    }

    /// @notice The raw word of an element that the prover brings by itself, as the bytes of the next opening: the claim has none.
    function brought(Step memory step, uint8 dtype) internal pure returns (uint256 raw) {
        if (step.used == step.openings.length) revert OpeningsMissing(step.used);
        bytes memory given = step.openings[step.used++].chunks;
        if (given.length != DType.size(dtype)) revert ElementLength(DType.size(dtype), given.length);
        return word(given, 0, given.length);
    }

    /// @notice The bits of one finite float32 element of an operand.
    function float(Step memory step, Value memory value, uint256 index) internal view returns (uint256 bits) {
        if (value.dtype != DType.FLOAT32) revert WrongDType(DType.FLOAT32, value.dtype);
        bits = element(step, value, index);
        if (!Float32.isFinite(uint32(bits))) revert OperandNotFinite(bits);
    }

    /// @notice One bool element of an operand.
    function boolean(Step memory step, Value memory value, uint256 index) internal view returns (bool) {
        if (value.dtype != DType.BOOL) revert WrongDType(DType.BOOL, value.dtype);
        uint256 raw = element(step, value, index);
        if (raw > 1) revert OperandNotBool(raw);
        return raw == 1;
    }

    /// @notice Reverts unless every opening was used: a witness has one form.
    function done(Step memory step) internal pure {
        if (step.used != step.openings.length) revert OpeningsLeft(step.used, step.openings.length);
    }

    /// @notice Reverts unless `root` stands at `(place, index)` of the step (P5.1, P5.3).
    function checkRoot(
        Step memory step,
        uint8 place,
        uint256 index,
        uint8 dtype,
        uint32[] memory shape,
        bytes32 root,
        bytes32[] memory proof
    ) internal pure {
        if (place == PLACE_CONSTANT) {
            uint256 elements = IndexMath.count(shape);
            GraphProof.checkConstantWords(step.graph, step.header, index, dtype, elements, root, proof);
            return;
        }
        (bytes32 list, uint256 count) = listAt(step, place);
        Merkle.check(list, root, index, count, proof);
    }

    /// @notice Root and length of the list of tensor roots of a place.
    function listAt(Step memory step, uint8 place) internal pure returns (bytes32 list, uint256 count) {
        if (place == PLACE_STATE) return (step.trace.stateIn, step.header.states);
        if (place == PLACE_FEED) return (step.trace.feedsRoot, step.header.feeds);
        if (place == PLACE_EXACT) return (step.trace.exactRoot, step.header.exactCount);
        if (place == PLACE_LOOSE) return (step.trace.looseRoot, step.header.looseCount);
        if (place == PLACE_NEXT_STATE) return (step.trace.stateOut, step.header.nextStates);
        revert NoSuchPlace(place);
    }

    /// @notice A little-endian integer of `size` ≤ 8 bytes.
    function word(bytes memory data, uint256 offset, uint256 size) internal pure returns (uint256 raw) {
        if (offset + size > data.length) revert IndexMath.IndexOutOfRange(offset + size, data.length);
        // One load for all bytes: reading thousands of them one by one would make long rows unaffordable.
        assembly ("memory-safe") {
            raw := shr(192, mload(add(add(data, 32), offset)))
        }
        raw = ((raw & 0x00ff00ff00ff00ff) << 8) | ((raw >> 8) & 0x00ff00ff00ff00ff);
        raw = ((raw & 0x0000ffff0000ffff) << 16) | ((raw >> 16) & 0x0000ffff0000ffff);
        raw = ((raw & 0xffffffff) << 32) | (raw >> 32);
        return raw & ((1 << (8 * size)) - 1);
    }

    function _open(
        Step memory step,
        uint8 place,
        uint256 index,
        uint8 dtype,
        uint32[] memory shape,
        uint256 first,
        uint256 count
    ) private view returns (bytes memory chunks, uint256 offset) {
        if (step.used == step.openings.length) revert OpeningsMissing(step.used);
        Opening memory opening = step.openings[step.used++];
        checkRoot(step, place, index, dtype, shape, opening.root, opening.rootProof);
        uint256 size = DType.size(dtype);
        uint256 total = IndexMath.count(shape) * size;
        offset = TensorRead.check(opening.root, total, first * size, count * size, opening.chunks, opening.chunkProof);
        return (opening.chunks, offset);
    }
}
