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

/// How long after the window a claim may still be asked about, and after its start a challenge may still begin to wait (P7.3):
/// eight questions one after the other, each answered and followed up at the last second. It bounds every delay.
function pursuitSeconds(Clocks memory clocks) pure returns (uint64) {
    return 8 * (clocks.answerSeconds + clocks.challengerSeconds);
}
