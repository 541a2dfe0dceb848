// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What forced transactions may use of an L1 block, and what a unit of it costs (docs/protocol.md P1.5).
struct Lane {
    uint64 l1Block; // of the last one taken
    uint64 usedGas; // L2 gas taken in that L1 block
    uint128 priceWei; // per L2 gas in that L1 block
}

/// @notice A lane of L2 gas with a cap per L1 block and a price of its own, as EIP-1559 moves it: whoever fills it to keep others
/// out pays an eighth more in each block.
library ForcedLane {
    uint64 internal constant CAP_GAS = 2 ** 25;
    uint64 internal constant TARGET_GAS = 2 ** 24;
    uint128 internal constant MIN_PRICE_WEI = 1_000_000;

    /// @notice This L1 block has no room for the transaction; the next one may.
    error LaneFull(uint64 leftGas, uint64 gasLimit);

    /// @notice Price per L2 gas, and gas taken, in the current L1 block.
    function current(Lane memory self) internal view returns (uint128 priceWei, uint64 usedGas) {
        if (self.priceWei == 0) return (MIN_PRICE_WEI, 0);
        priceWei = self.priceWei;
        if (self.l1Block == block.number) return (priceWei, self.usedGas);
        priceWei = _next(priceWei, self.usedGas);
        for (uint256 empty = block.number - self.l1Block - 1; empty > 0 && priceWei > MIN_PRICE_WEI; --empty) {
            priceWei = _next(priceWei, 0);
        }
    }

    /// @notice Takes `gasLimit` of this L1 block's gas; returns its price per unit.
    function take(Lane storage self, uint64 gasLimit) internal returns (uint128 priceWei) {
        uint64 usedGas;
        (priceWei, usedGas) = current(self);
        if (gasLimit > CAP_GAS - usedGas) revert LaneFull(CAP_GAS - usedGas, gasLimit);
        self.l1Block = uint64(block.number);
        self.usedGas = usedGas + gasLimit;
        self.priceWei = priceWei;
    }

    /// @dev P2.7's formula, with this target.
    function _next(uint128 priceWei, uint64 usedGas) private pure returns (uint128) {
        if (usedGas >= TARGET_GAS) {
            uint128 rise = uint128(uint256(priceWei) * (usedGas - TARGET_GAS) / TARGET_GAS / 8);
            return priceWei + (rise == 0 && usedGas > TARGET_GAS ? 1 : rise);
        }
        uint128 fall = uint128(uint256(priceWei) * (TARGET_GAS - usedGas) / TARGET_GAS / 8);
        return priceWei - fall < MIN_PRICE_WEI ? MIN_PRICE_WEI : priceWei - fall;
    }
}
