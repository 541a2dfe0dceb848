// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

contract Counter {
    event Incremented(address indexed who, uint256 value);
    error TooMuch(uint256 most);

    uint256 public value;

    function increment(uint256 by) external payable {
        if (by > 100) revert TooMuch(100);
        value += by;
        emit Incremented(msg.sender, value);
    }

    function deny(string calldata why) external pure {
        revert(why);
    }

    function panic(uint256 a) external pure returns (uint256) {
        return 1 / a;
    }

    function spin() external view {
        while (gasleft() > 0) {}
    }
}
