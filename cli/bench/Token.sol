// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// A plain ERC-20; balances are given by whoever puts it there.
contract Token is ERC20 {
    constructor() ERC20("Token", "TKN") {}
}
