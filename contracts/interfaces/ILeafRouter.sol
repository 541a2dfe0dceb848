// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILeafVerifier} from "./ILeafVerifier.sol";

/// The verifiers of op families, then those of structural leaves.
struct LeafVerifiers {
    ILeafVerifier arithmetic;
    ILeafVerifier transcendental;
    ILeafVerifier selection;
    ILeafVerifier dot;
    ILeafVerifier reduce;
    ILeafVerifier conv;
    ILeafVerifier pool;
    ILeafVerifier movement;
    ILeafVerifier root;
    ILeafVerifier content;
    ILeafVerifier canonical;
    ILeafVerifier validator;
    ILeafVerifier sum;
}

/// @title LeafRouter
/// @notice Finds the contract that judges a leaf.
interface ILeafRouter {
    error UnknownKind(uint8 kind);
    error UnknownOp(uint256 op);

    /// @param op of the node, for kinds 1 and 12; else ignored
    function verifierOf(uint8 kind, uint256 op) external view returns (ILeafVerifier);
}
