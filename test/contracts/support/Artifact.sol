// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {vm} from "./Vm.sol";

/// Contracts as they were compiled to be deployed, with settings of their own, not again with those of tests.
library Artifact {
    /// @param source path:Contract
    /// @param arguments of the constructor, encoded
    function deploy(string memory source, bytes memory arguments) internal returns (address made) {
        bytes memory code = bytes.concat(vm.getCode(source), arguments);
        assembly ("memory-safe") {
            made := create(0, add(code, 32), mload(code))
            if iszero(made) {
                returndatacopy(mload(64), 0, returndatasize())
                revert(mload(64), returndatasize())
            }
        }
    }
}
