// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBridge} from "../../../contracts/interfaces/IBridge.sol";
import {Withdrawal} from "../../../contracts/types/Withdrawal.sol";

/// Payees that misbehave, each in one way.

contract Refuser {
    error NotYet();

    bool accepting;

    function accept() external {
        accepting = true;
    }

    receive() external payable {
        if (!accepting) revert NotYet();
    }
}

contract Thief {
    IBridge immutable bridge;
    uint64 number;
    Withdrawal withdrawal;
    bytes32[32] proof;
    bool public refused;

    constructor(IBridge bridge_) {
        bridge = bridge_;
    }

    function aim(uint64 number_, Withdrawal calldata withdrawal_, bytes32[32] calldata proof_) external {
        (number, withdrawal, proof) = (number_, withdrawal_, proof_);
    }

    receive() external payable {
        try bridge.finalizeWithdrawal(number, withdrawal, proof) {
            refused = false;
        } catch {
            refused = true;
        }
    }
}

contract ReturnBomb {

    receive() external payable {
        assembly {
            return(0, 200000)
        }
    }
}

/// Remembers how much gas it was left, and accepts whatever it was.
contract Proud {
    uint256 public gasSeen;

    receive() external payable {
        uint256 seen = gasleft();
        if (seen > 30_000) gasSeen = seen;
    }
}
