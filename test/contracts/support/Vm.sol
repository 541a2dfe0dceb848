// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// The cheatcodes our tests use, as Hardhat's runner offers them.
interface Vm {
    function warp(uint256 timestamp) external;
    function roll(uint256 number) external;
    function chainId(uint256 id) external;
    function deal(address account, uint256 balance) external;
    function etch(address target, bytes calldata code) external;
    function prank(address sender) external;
    function prank(address sender, address origin) external;
    function expectRevert(bytes calldata data) external;
    function expectRevert(bytes4 selector) external; // an error without arguments
    function expectPartialRevert(bytes4 selector) external;
    function store(address target, bytes32 slot, bytes32 value) external;
    function expectEmit() external;
    function expectEmit(address emitter) external;
    function getNonce(address account) external view returns (uint64);
    function getCode(string calldata artifact) external view returns (bytes memory creationCode);
    function computeCreateAddress(address deployer, uint256 nonce) external pure returns (address);
    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function assume(bool condition) external pure;
    function assertEq(uint256 left, uint256 right, string calldata label) external pure;
    function assertEq(bytes32 left, bytes32 right, string calldata label) external pure;
    function assertEq(address left, address right, string calldata label) external pure;
    function assertTrue(bool value, string calldata label) external pure;
    function assertFalse(bool value, string calldata label) external pure;
}

Vm constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
