// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILeafVerifier, LeafContext, NOT_CANONICAL, NOT_FINITE} from "../../interfaces/ILeafVerifier.sol";
import {DType} from "../../libraries/DType.sol";
import {GraphProof} from "../../libraries/GraphProof.sol";
import {IndexMath} from "../../libraries/IndexMath.sol";
import {Merkle} from "../../libraries/Merkle.sol";
import {NamedValues} from "../../libraries/NamedValues.sol";
import {Step, StepReader} from "../../libraries/StepReader.sol";
import {TensorRead} from "../../libraries/TensorRead.sol";
import {Float32} from "../../libraries/numeric/Float32.sol";
import {PLACE_CONSTANT, Value} from "../../types/Graph.sol";
import {CanonicalWitness, FiniteWitness, HeaderProof, NamedValue, Opening} from "../../types/Witness.sol";

/// @notice A committed value that no tensor of its type has: odd chunks, padding, bools beyond 1, infinities, NaN
/// (docs/protocol.md P7.5 kinds 8, 9). Constants are the graph's, not the claim's, and not judged.
contract CanonicalVerifier is ILeafVerifier {
    using StepReader for Step;

    error NotMyKind(uint8 kind);

    /// @inheritdoc ILeafVerifier
    function judge(LeafContext calldata context, uint8 kind, bytes calldata witness) external view returns (bool wrong) {
        LeafContext memory c = context;
        if (kind == NOT_CANONICAL) return _isNotCanonical(c, abi.decode(witness, (CanonicalWitness)));
        if (kind == NOT_FINITE) return _isNotFinite(c, abi.decode(witness, (FiniteWitness)));
        revert NotMyKind(kind);
    }

    function _isNotCanonical(LeafContext memory c, CanonicalWitness memory w) private pure returns (bool) {
        Step memory step = _step(c, w.header, new Opening[](0));
        Value memory value = _named(step, w.value);
        step.checkRoot(value.place, value.index, value.dtype, value.shape, w.root, w.rootProof);
        uint256 size = IndexMath.count(value.shape) * DType.size(value.dtype);
        if (size == 0) return w.root != bytes32(0);
        uint256 chunks = TensorRead.chunkCount(size);
        uint256 width = uint256(1) << Merkle.depth(chunks);
        if (w.chunk >= chunks) {
            Merkle.check(w.root, w.padding, w.chunk, width, w.chunkProof);
            return w.padding != bytes32(0);
        }
        Merkle.check(w.root, sha256(w.data), w.chunk, width, w.chunkProof);
        uint256 start = w.chunk * TensorRead.CHUNK_BYTES;
        uint256 expected = size - start < TensorRead.CHUNK_BYTES ? size - start : TensorRead.CHUNK_BYTES;
        if (w.data.length != expected) return true;
        return value.dtype == DType.BOOL && _hasOtherThanBools(w.data);
    }

    function _hasOtherThanBools(bytes memory data) private pure returns (bool) {
        for (uint256 i = 0; i < data.length; ++i) if (uint8(data[i]) > 1) return true;
        return false;
    }

    function _isNotFinite(LeafContext memory c, FiniteWitness memory w) private view returns (bool) {
        Step memory step = _step(c, w.header, w.openings);
        Value memory value = _named(step, w.value);
        if (value.dtype != DType.FLOAT32) revert StepReader.WrongDType(DType.FLOAT32, value.dtype);
        uint256 word = step.element(value, w.element);
        step.done();
        return !Float32.isFinite(uint32(word));
    }

    /// @dev The place, type and shape that the graph writes down for the value.
    function _named(Step memory step, NamedValue memory named) private pure returns (Value memory value) {
        (value,) = NamedValues.locate(step.graph, step.header, named);
        if (value.place == PLACE_CONSTANT) revert StepReader.NoSuchPlace(value.place);
    }

    function _step(LeafContext memory c, HeaderProof memory header, Opening[] memory openings)
        private
        pure
        returns (Step memory)
    {
        GraphProof.checkHeader(c.task.graph, header);
        return Step(c.task.graph, header.header, c.trace, openings, 0);
    }
}
