// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// The clocks of results and disputes (docs/protocol.md P10). Seconds are L1 timestamps; only the seed delay counts L1 blocks.
struct Clocks {
    uint64 seedDelayBlocks;
    uint64 minWindowSeconds;
    uint64 answerSeconds;
    uint64 challengerSeconds;
    uint64 airgapSeconds;
    uint64 reserveSeconds;
}
