// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILeafRouter} from "../../../../contracts/interfaces/ILeafRouter.sol";
import {ILeafVerifier, LeafContext} from "../../../../contracts/interfaces/ILeafVerifier.sol";

/// Router and leaf of the toy machine: a step is wrong if its exact root was marked. The rules of the game do not depend on
/// what a leaf computes; the true leaves have their own tests.
contract ToyLeaf is ILeafRouter, ILeafVerifier {
    error Malformed();

    uint256 public constant JUDGE = 0;
    uint256 public constant REVERT = 1;
    uint256 public constant BURN_ALL_GAS = 2;

    mapping(bytes32 exactRoot => bool) public isWrong;
    /// What the leaf was last asked about, for tests to look at through `judge`'s revert data.

    error Asked(LeafContext context, uint8 kind);

    uint256 public constant SHOW = 3;

    function mark(bytes32 exactRoot) external {
        isWrong[exactRoot] = true;
    }

    function verifierOf(uint8 kind, uint256) external view returns (ILeafVerifier) {
        if (kind == 0 || kind > 9) revert UnknownKind(kind);
        return this;
    }

    function judge(LeafContext calldata context, uint8 kind, bytes calldata witness) external view returns (bool wrong) {
        (, uint256 mode) = abi.decode(witness, (uint256, uint256));
        if (mode == REVERT) revert Malformed();
        if (mode == SHOW) revert Asked(context, kind);
        while (mode == BURN_ALL_GAS) mode = uint256(keccak256(abi.encode(mode))) == 0 ? 0 : BURN_ALL_GAS;
        return isWrong[context.trace.exactRoot];
    }
}
