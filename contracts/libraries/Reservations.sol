// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IResultClaims, Reservation} from "../interfaces/IResultClaims.sol";
import {Clocks} from "../types/Clocks.sol";
import {Clock} from "./Clock.sol";
import {Seeds} from "./Seeds.sol";

/// @notice Who may claim an id that needs a seed, and its seed (docs/protocol.md P6.2). The block of the first reservation
/// fixes the seed for good; only a seed that nobody fixed while it could be is drawn anew.
library Reservations {
    function seedBlock(Reservation storage self, uint64 seedDelayBlocks) internal view returns (uint64) {
        return self.firstBlock + seedDelayBlocks;
    }

    /// @notice Last L1 second at which the reserver may claim; NEVER while the seed can still be fixed, 0 once it cannot.
    function claimableUntil(Reservation storage self, Clocks memory clocks) internal view returns (uint64) {
        if (self.seedFixedAt != 0) return Clock.later(self.seedFixedAt, self.reservedAt) + clocks.reserveSeconds;
        return Seeds.isTooOld(seedBlock(self, clocks.seedDelayBlocks)) ? 0 : Clock.NEVER;
    }

    /// @return lapsed the reservation before this one lapsed and its bond is forfeit: half of it is carried here
    function take(Reservation storage self, bytes32 id, Clocks memory clocks, uint256 bondWei)
        internal
        returns (bool lapsed)
    {
        lapsed = self.reserver != address(0);
        if (lapsed && !Clock.passed(claimableUntil(self, clocks))) {
            revert IResultClaims.AlreadyReserved(id, self.reserver);
        }
        if (lapsed) self.carriedWei += bondWei - bondWei / 2;
        bool drawn = self.firstBlock != 0;
        bool lost = drawn && self.seedFixedAt == 0 && Seeds.isTooOld(seedBlock(self, clocks.seedDelayBlocks));
        if (!drawn || lost) self.firstBlock = uint64(block.number);
        self.reserver = msg.sender;
        self.reservedAt = Clock.nowSeconds();
    }

    function fixSeed(Reservation storage self, bytes32 id, Clocks memory clocks, bytes memory headerRlp)
        internal
        returns (bytes32 seed)
    {
        if (self.firstBlock == 0) revert IResultClaims.NotReserved(id);
        if (self.seedFixedAt != 0) revert IResultClaims.SeedFixedAlready(id, self.seed);
        seed = Seeds.fromHeader(id, seedBlock(self, clocks.seedDelayBlocks), headerRlp);
        self.seed = seed;
        self.seedFixedAt = Clock.nowSeconds();
    }

    /// @notice The seed under which the caller may claim `id` now.
    function seedFor(Reservation storage self, bytes32 id, Clocks memory clocks) internal view returns (bytes32) {
        if (self.reserver == address(0)) revert IResultClaims.NotReserved(id);
        if (self.reserver != msg.sender) revert IResultClaims.NotReserver(self.reserver, msg.sender);
        if (self.seedFixedAt == 0) revert IResultClaims.SeedNotFixed(id);
        uint64 until = claimableUntil(self, clocks);
        if (Clock.passed(until)) revert IResultClaims.ReservationLapsed(until, Clock.nowSeconds());
        return self.seed;
    }

    /// @notice Ends the caller's reservation, if it has one; the seed stays.
    /// @return owedWei its bond and what earlier lapses left
    function redeem(Reservation storage self, uint256 bondWei) internal returns (uint256 owedWei) {
        if (self.reserver != msg.sender) return 0;
        owedWei = bondWei + self.carriedWei;
        self.carriedWei = 0;
        self.reserver = address(0);
    }
}
