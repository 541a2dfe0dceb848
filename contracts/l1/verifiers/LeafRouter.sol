// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    ILeafVerifier,
    NOT_CANONICAL,
    NOT_FINITE,
    WRONG_BY_VALIDATOR,
    WRONG_ELEMENT,
    WRONG_FAILURE,
    WRONG_FEED,
    WRONG_LAYOUT,
    WRONG_LINK,
    WRONG_METRIC,
    WRONG_NEXT_STATE,
    WRONG_PART,
    WRONG_START
} from "../../interfaces/ILeafVerifier.sol";
import {ILeafRouter, LeafVerifiers} from "../../interfaces/ILeafRouter.sol";

/// @notice Which contract judges which leaf; fixed when deployed. Op codes are those of docs/protocol.md P5.7.
contract LeafRouter is ILeafRouter {
    ILeafVerifier private immutable ARITHMETIC;
    ILeafVerifier private immutable TRANSCENDENTAL;
    ILeafVerifier private immutable SELECTION;
    ILeafVerifier private immutable DOT;
    ILeafVerifier private immutable REDUCE;
    ILeafVerifier private immutable CONV;
    ILeafVerifier private immutable POOL;
    ILeafVerifier private immutable MOVEMENT;
    ILeafVerifier private immutable ROOT;
    ILeafVerifier private immutable CONTENT;
    ILeafVerifier private immutable CANONICAL;
    ILeafVerifier private immutable VALIDATOR;
    ILeafVerifier private immutable SUM;

    constructor(LeafVerifiers memory verifiers) {
        ARITHMETIC = verifiers.arithmetic;
        TRANSCENDENTAL = verifiers.transcendental;
        SELECTION = verifiers.selection;
        DOT = verifiers.dot;
        REDUCE = verifiers.reduce;
        CONV = verifiers.conv;
        POOL = verifiers.pool;
        MOVEMENT = verifiers.movement;
        ROOT = verifiers.root;
        CONTENT = verifiers.content;
        CANONICAL = verifiers.canonical;
        VALIDATOR = verifiers.validator;
        SUM = verifiers.sum;
    }

    /// @inheritdoc ILeafRouter
    function verifierOf(uint8 kind, uint256 op) external view returns (ILeafVerifier) {
        if (kind == WRONG_ELEMENT || kind == WRONG_FAILURE) return _ofElement(op);
        if (kind == WRONG_LINK || kind == WRONG_START || kind == WRONG_NEXT_STATE) return ROOT;
        if (kind == WRONG_FEED || kind == WRONG_LAYOUT || kind == WRONG_METRIC) return CONTENT;
        if (kind == NOT_CANONICAL || kind == NOT_FINITE) return CANONICAL;
        if (kind == WRONG_BY_VALIDATOR) return VALIDATOR;
        if (kind == WRONG_PART) return SUM;
        revert UnknownKind(kind);
    }

    function _ofElement(uint256 op) private view returns (ILeafVerifier) {
        if (op >= 9 && op <= 13) return TRANSCENDENTAL; // Exp Log Tanh Sigmoid Erf
        if (op >= 1 && op <= 16) return ARITHMETIC;
        if (op >= 20 && op <= 29) return SELECTION; // comparisons, logic, Where, Cast
        if (op == 40 || op == 41) return DOT; // MatMul Gemm
        if (op >= 42 && op <= 46) return REDUCE;
        if (op == 50 || op == 51) return CONV; // Conv ConvTranspose
        if (op == 52) return POOL; // MaxPool
        if (op >= 60 && op <= 66) return MOVEMENT;
        if (op == 70 || op == 71) return MOVEMENT; // Pad Resize
        revert UnknownOp(op);
    }
}
