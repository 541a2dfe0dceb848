// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Delivery, IResultClaims} from "../interfaces/IResultClaims.sol";
import {Clocks} from "../types/Clocks.sol";
import {Clock} from "./Clock.sol";
import {Seeds} from "./Seeds.sol";

/// @notice Weights are delivered first, and only then the randomness that chooses their test is drawn (docs/protocol.md P13.2
/// to P13.4). Each delivery has a draw of its own, and an id takes so many of them as its job says: who tries its luck pays a
/// bond that doubles, and cannot try for ever.
library Deliveries {
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

    /// @param limit of the job
    /// @return burnedWei of the delivery before, if it lapsed; the other half is carried here
    function take(Delivery storage self, bytes32 id, bytes32 startRoot, uint8 limit, Clocks memory clocks)
        internal
        returns (uint256 burnedWei)
    {
        if (self.count >= limit) revert IResultClaims.NoDeliveryLeft(id, limit);
        if (self.claimant != address(0)) {
            if (!Clock.passed(claimableUntil(self, clocks))) revert IResultClaims.AlreadyDelivered(id, self.claimant);
            burnedWei = self.bondWei / 2;
            self.carriedWei += self.bondWei - burnedWei;
        }
        ++self.count;
        self.claimant = msg.sender;
        self.startRoot = startRoot;
        self.l1Block = uint64(block.number);
        self.seedFixedAt = 0;
        self.seed = 0;
        self.bondWei = msg.value;
    }

    function draw(Delivery storage self, bytes32 id, Clocks memory clocks, bytes memory headerRlp)
        internal
        returns (bytes32 seed)
    {
        if (self.claimant == address(0)) revert IResultClaims.NothingDelivered(id);
        if (self.seedFixedAt != 0) revert IResultClaims.SeedFixedAlready(id, self.seed);
        seed = Seeds.fromHeader(id, seedBlock(self, clocks.seedDelayBlocks), headerRlp);
        self.seed = seed;
        self.seedFixedAt = Clock.nowSeconds();
    }

    /// @notice The seed under which the caller may now claim that these weights have the property.
    function seedFor(Delivery storage self, bytes32 id, bytes32 startRoot, Clocks memory clocks)
        internal
        view
        returns (bytes32)
    {
        if (self.claimant == address(0)) revert IResultClaims.NothingDelivered(id);
        if (self.claimant != msg.sender) revert IResultClaims.NotReserver(self.claimant, msg.sender);
        if (self.startRoot != startRoot) revert IResultClaims.NotDelivered(self.startRoot, startRoot);
        if (self.seedFixedAt == 0) revert IResultClaims.SeedNotFixed(id);
        uint64 until = claimableUntil(self, clocks);
        if (Clock.passed(until)) revert IResultClaims.ReservationLapsed(until, Clock.nowSeconds());
        return self.seed;
    }

    /// @notice What was delivered is claimed: another claim needs another delivery.
    /// @return owedWei its bond, and what deliveries that lapsed left
    function redeem(Delivery storage self) internal returns (uint256 owedWei) {
        owedWei = self.bondWei + self.carriedWei;
        self.claimant = address(0);
        self.bondWei = 0;
        self.carriedWei = 0;
    }
}
