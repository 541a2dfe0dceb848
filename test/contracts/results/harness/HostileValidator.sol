// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Everything but a verdict: the first byte of the witness chooses what.
contract HostileValidator {
    uint256 private _written;

    fallback(bytes calldata question) external returns (bytes memory) {
        uint8 mode = uint8(question[132]);
        if (mode == 1) revert("no");
        if (mode == 2) while (true) {}
        if (mode == 3) return "";
        if (mode == 4) return abi.encode(uint256(2));
        if (mode == 5) return abi.encode(uint256(1), uint256(1));
        if (mode == 6) return new bytes(400_000);
        if (mode == 7) _written = 1;
        return abi.encode(true);
    }
}
