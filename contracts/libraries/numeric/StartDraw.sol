// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {INIT_FILL, INIT_NORMAL, INIT_UNIFORM, StateInput} from "../../types/Graph.sol";
import {DType} from "../DType.sol";
import {Float32} from "./Float32.sol";
import {Philox} from "./Philox.sol";

/// @notice Elements of a state tensor that starts by a rule (docs/protocol.md P4.7): exact integers and one rounding.
/// verifier/numerics/start-draw.ts does the same.
library StartDraw {
    error NoSuchRule(uint8 init);

    /// @dev Where masks have the step (P4.6), which is below it.
    uint256 private constant BEFORE_ALL_STEPS = 2 ** 32;

    /// @notice The raw word of element `index` of state tensor `state`.
    function element(bytes32 seed, uint256 state, StateInput memory input, uint256 index) internal pure returns (uint256) {
        if (input.init == 0 || input.init > INIT_NORMAL) revert NoSuchRule(input.init);
        if (input.dtype != DType.FLOAT32) return 0;
        if (input.init == INIT_FILL || !Float32.isFinite(input.scaleBits)) return input.scaleBits;
        bytes32 stream = keccak256(abi.encode(seed, BEFORE_ALL_STEPS, state));
        uint256 words = input.init == INIT_UNIFORM ? 1 : 12;
        // Σ (2·⌊w/2⁸⌋ + 1 − 2²⁴): |sum| < 12·2²⁴
        int256 sum;
        for (uint256 i = 0; i < words; ++i) {
            sum += int256(2 * uint256(Philox.word(stream, index * words + i) >> 8) + 1) - 2 ** 24;
        }
        (bool negative, uint256 mantissa, int256 exponent) = Float32.decode(input.scaleBits);
        uint256 magnitude = uint256(sum < 0 ? -sum : sum) * mantissa;
        return Float32.round(negative != (sum < 0), magnitude, exponent - (words == 1 ? int256(24) : int256(25)));
    }
}
