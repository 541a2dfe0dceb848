// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Delivery, IDeliveries} from "../interfaces/IDeliveries.sol";
import {IResultClaims} from "../interfaces/IResultClaims.sol";
import {Clocks} from "../types/Clocks.sol";
import {Clock} from "./Clock.sol";
import {Seeds} from "./Seeds.sol";

/// @notice Weights are delivered first, and only then the randomness that chooses their test is drawn (docs/protocol.md P13.2
/// to P13.4). Each delivery has a draw of its own and a bond twice that of the one before: nobody can use a commission up, and
/// who tries its luck, or stands in the way, pays twice as much each time.
library DeliveryRules {
    /// @dev So many doublings make a bond that nobody has, and stay far from 2²⁵⁶.
    uint8 internal constant MAX_DELIVERIES = 32;

    function seedBlock(Delivery storage self, uint64 seedDelayBlocks) internal view returns (uint64) {
        return self.l1Block + seedDelayBlocks;
    }

    /// @notice Last L1 second at which what was delivered may be claimed; NEVER while the draw can still be made, 0 once it
    /// cannot.
    function claimableUntil(Delivery storage self, Clocks memory clocks) internal view returns (uint64) {
        if (self.seedFixedAt != 0) return self.seedFixedAt + clocks.reserveSeconds;
        return Seeds.isTooOld(seedBlock(self, clocks.seedDelayBlocks)) ? 0 : Clock.NEVER;
    }

    function nextBondWei(Delivery storage self, uint256 bondWei) internal view returns (uint256) {
        return bondWei << self.count;
    }

    /// @param deliverer of the job: who alone may deliver, and once, since it may have been shown the rows for that
    function checkRoom(Delivery storage self, bytes32 id, address deliverer) internal view {
        if (deliverer != address(0) && msg.sender != deliverer) revert IDeliveries.NotDeliverer(deliverer, msg.sender);
        uint8 limit = deliverer == address(0) ? MAX_DELIVERIES : 1;
        if (self.count >= limit) revert IDeliveries.NoDeliveryLeft(id, limit);
    }

    function take(Delivery storage self, bytes32 commitment) internal {
        ++self.count;
        self.claimant = msg.sender;
        self.commitment = commitment;
        self.l1Block = uint64(block.number);
        self.seedFixedAt = 0;
        self.seed = 0;
        self.bondWei = msg.value;
    }

    function draw(Delivery storage self, bytes32 id, Clocks memory clocks, bytes memory headerRlp)
        internal
        returns (bytes32 seed)
    {
        if (self.claimant == address(0)) revert IDeliveries.NothingDelivered(id);
        if (self.seedFixedAt != 0) revert IResultClaims.SeedFixedAlready(id, self.seed);
        seed = Seeds.fromHeader(id, seedBlock(self, clocks.seedDelayBlocks), headerRlp);
        self.seed = seed;
        self.seedFixedAt = Clock.nowSeconds();
    }

    /// @notice What was delivered is shown and claimed: another claim needs another delivery.
    /// @return the seed under which these weights are claimed to have the property
    function reveal(
        Delivery storage self,
        bytes32 id,
        address claimant,
        bytes32 startRoot,
        bytes32 salt,
        Clocks memory clocks
    ) internal returns (bytes32) {
        if (self.claimant == address(0) || self.claimed) revert IDeliveries.NothingDelivered(id);
        if (self.claimant != claimant) revert IDeliveries.NotDeliverer(self.claimant, claimant);
        bytes32 commitment = keccak256(abi.encode(startRoot, claimant, salt));
        if (self.commitment != commitment) revert IDeliveries.CommitmentMismatch(self.commitment, commitment);
        if (self.seedFixedAt == 0) revert IResultClaims.SeedNotFixed(id);
        uint64 until = claimableUntil(self, clocks);
        if (Clock.passed(until)) revert IDeliveries.DeliveryLapsed(until, Clock.nowSeconds());
        self.claimed = true;
        return self.seed;
    }

    /// @notice Nothing waits any more.
    /// @return bondWei that was locked for it
    function settle(Delivery storage self) internal returns (uint256 bondWei) {
        bondWei = self.bondWei;
        self.claimant = address(0);
        self.claimed = false;
        self.bondWei = 0;
    }
}
