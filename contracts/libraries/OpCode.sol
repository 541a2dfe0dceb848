// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Op codes (docs/protocol.md P5.7).
library OpCode {
    uint8 internal constant ADD = 1;
    uint8 internal constant SUB = 2;
    uint8 internal constant MUL = 3;
    uint8 internal constant DIV = 4;
    uint8 internal constant SQRT = 5;
    uint8 internal constant NEG = 6;
    uint8 internal constant ABS = 7;
    uint8 internal constant RELU = 8;
    uint8 internal constant EXP = 9;
    uint8 internal constant LOG = 10;
    uint8 internal constant TANH = 11;
    uint8 internal constant SIGMOID = 12;
    uint8 internal constant ERF = 13;
    uint8 internal constant RECIPROCAL = 14;
    uint8 internal constant MAX = 15;
    uint8 internal constant MIN = 16;
    uint8 internal constant EQUAL = 20;
    uint8 internal constant LESS = 21;
    uint8 internal constant LESS_OR_EQUAL = 22;
    uint8 internal constant GREATER = 23;
    uint8 internal constant GREATER_OR_EQUAL = 24;
    uint8 internal constant AND = 25;
    uint8 internal constant OR = 26;
    uint8 internal constant NOT = 27;
    uint8 internal constant WHERE = 28;
    uint8 internal constant CAST = 29;
    uint8 internal constant MATMUL = 40;
    uint8 internal constant GEMM = 41;
    uint8 internal constant REDUCE_SUM = 42;
    uint8 internal constant REDUCE_MAX = 43;
    uint8 internal constant REDUCE_MIN = 44;
    uint8 internal constant ARG_MAX = 45;
    uint8 internal constant SCATTER_ELEMENTS = 46;
    uint8 internal constant CONV = 50;
    uint8 internal constant CONV_TRANSPOSE = 51;
    uint8 internal constant MAX_POOL = 52;
    uint8 internal constant RESHAPE = 60;
    uint8 internal constant TRANSPOSE = 61;
    uint8 internal constant SLICE = 62;
    uint8 internal constant CONCAT = 63;
    uint8 internal constant GATHER = 64;
    uint8 internal constant EXPAND = 65;
    uint8 internal constant GATHER_ELEMENTS = 66;
    uint8 internal constant PAD = 70;
    uint8 internal constant RESIZE = 71;
}
