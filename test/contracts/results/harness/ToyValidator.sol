// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IValidator} from "../../../../contracts/interfaces/IValidator.sol";

/// Says what the witness says, and that it was asked rightly.
contract ToyValidator is IValidator {
    function isWrong(bytes32 id, bytes32 startRoot, bytes calldata witness) external pure returns (bool) {
        require(id != 0 && startRoot != 0);
        return abi.decode(witness, (bool));
    }
}
