// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IResultClaims, Reservation} from "../interfaces/IResultClaims.sol";
import {Clocks} from "../types/Clocks.sol";
import {Clock} from "./Clock.sol";
import {Seeds} from "./Seeds.sol";

/// @notice Who may claim an id that needs a seed, and its seed (docs/protocol.md P6.2). The block of the first reservation
/// fixes the seed for good; only a seed that nobody fixed while it could be is drawn anew.
library Reservations {
    /// @dev Lapses after which an id is open to all.
    uint8 internal constant MAX_LAPSES = 3;

    function seedBlock(Reservation storage self, uint64 seedDelayBlocks) internal view returns (uint64) {
        return self.firstBlock + seedDelayBlocks;
    }

    /// @notice Last L1 second at which the reserver may claim; NEVER while the seed can still be fixed, 0 once it cannot.
    function claimableUntil(Reservation storage self, Clocks memory clocks) internal view returns (uint64) {
        if (self.seedFixedAt != 0) return Clock.later(self.seedFixedAt, self.reservedAt) + clocks.reserveSeconds;
        return Seeds.isTooOld(seedBlock(self, clocks.seedDelayBlocks)) ? 0 : Clock.NEVER;
    }

    /// @notice The reserver's time is over, and nobody has replaced it yet.
    function isLapsed(Reservation storage self, Clocks memory clocks) internal view returns (bool) {
        return self.reserver != address(0) && Clock.passed(claimableUntil(self, clocks));
    }

    /// @notice Who waits for reservers that do not deliver waits for three at most.
    function isOpenToAll(Reservation storage self, Clocks memory clocks) internal view returns (bool) {
        if (self.seedFixedAt == 0 || _lapses(self, clocks) < MAX_LAPSES) return false;
        return self.reserver == address(0) || isLapsed(self, clocks);
    }

    /// @notice Each lapse doubles the bond, so that holding an id back costs more and more.
    function nextBondWei(Reservation storage self, Clocks memory clocks, uint256 bondWei) internal view returns (uint256) {
        return bondWei << _lapses(self, clocks);
    }

    /// @return burnedWei of a reservation that lapsed; the other half is carried here
    function take(Reservation storage self, bytes32 id, Clocks memory clocks) internal returns (uint256 burnedWei) {
        if (isOpenToAll(self, clocks)) revert IResultClaims.OpenToAll(id);
        if (self.reserver != address(0) && !isLapsed(self, clocks)) {
            revert IResultClaims.AlreadyReserved(id, self.reserver);
        }
        burnedWei = _forfeit(self);
        bool drawn = self.firstBlock != 0;
        bool lost = drawn && self.seedFixedAt == 0 && Seeds.isTooOld(seedBlock(self, clocks.seedDelayBlocks));
        if (!drawn || lost) self.firstBlock = uint64(block.number);
        self.reserver = msg.sender;
        self.bondWei = msg.value;
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
        if (isOpenToAll(self, clocks)) return self.seed;
        if (self.reserver == address(0)) revert IResultClaims.NotReserved(id);
        if (self.reserver != msg.sender) revert IResultClaims.NotReserver(self.reserver, msg.sender);
        if (self.seedFixedAt == 0) revert IResultClaims.SeedNotFixed(id);
        uint64 until = claimableUntil(self, clocks);
        if (Clock.passed(until)) revert IResultClaims.ReservationLapsed(until, Clock.nowSeconds());
        return self.seed;
    }

    /// @notice The caller has claimed: ends the reservation, if there is one; the seed stays.
    /// @return owedWei the caller's bond and what earlier lapses left
    /// @return burnedWei of a reservation that lapsed
    function redeem(Reservation storage self, Clocks memory clocks)
        internal
        returns (uint256 owedWei, uint256 burnedWei)
    {
        if (isOpenToAll(self, clocks)) {
            burnedWei = _forfeit(self);
        } else {
            if (self.reserver != msg.sender) return (0, 0);
            owedWei = self.bondWei;
            self.bondWei = 0;
            self.reserver = address(0);
            self.lapses = 0;
        }
        owedWei += self.carriedWei;
        self.carriedWei = 0;
    }

    /// @notice Nobody will claim the id any more since L1 second `endedAt`.
    /// @return owedWei to the reserver, unless its time was over before
    /// @return burnedWei what then lapsed, and what earlier lapses left for a claim
    function dissolve(Reservation storage self, bytes32 id, Clocks memory clocks, uint64 endedAt)
        internal
        returns (uint256 owedWei, uint256 burnedWei)
    {
        if (self.reserver == address(0)) revert IResultClaims.NotReserved(id);
        uint256 bondWei = self.bondWei;
        burnedWei = self.carriedWei;
        // Whoever still waited for a seed had not let it lapse.
        if (self.seedFixedAt != 0 && claimableUntil(self, clocks) < endedAt) burnedWei += bondWei;
        else owedWei = bondWei;
        self.reserver = address(0);
        self.bondWei = 0;
        self.carriedWei = 0;
    }

    function _lapses(Reservation storage self, Clocks memory clocks) private view returns (uint256 count) {
        count = self.lapses;
        if (count < MAX_LAPSES && isLapsed(self, clocks)) ++count;
    }

    /// @dev Half of a lapsed bond is burned, half waits for the next who claims.
    function _forfeit(Reservation storage self) private returns (uint256 burnedWei) {
        if (self.reserver == address(0)) return 0;
        burnedWei = self.bondWei / 2;
        self.carriedWei += self.bondWei - burnedWei;
        self.bondWei = 0;
        self.reserver = address(0);
        if (self.lapses < MAX_LAPSES) ++self.lapses;
    }
}
