// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Job} from "../types/Job.sol";

/// Weights put up to be measured (docs/protocol.md P13).
struct Delivery {
    address claimant; // who delivered; 0: none whose bond is locked
    uint64 l1Block; // of the delivery: the samples are drawn SEED_DELAY blocks later
    uint8 count; // deliveries of this id so far
    bool claimed; // how the claim ends decides about the bond
    uint64 seedFixedAt; // L1 second; 0: not drawn
    bytes32 commitment; // keccak(abi(bytes32 startRoot, address claimant, bytes32 salt))
    bytes32 seed;
    uint256 bondWei;
}

/// @title Deliveries
/// @notice Weights for commissions: put up unseen, then given the samples they are measured by (docs/protocol.md P13).
/// @dev Liveness: somebody must call `draw` within 8,191 blocks of the seed block, and `release` or `forfeit` for each bond (the
/// next delivery forfeits the one before). A lapsed bond is burned whole: no part of it may become whose who let it lapse.
interface IDeliveries {
    error AlreadyDelivered(bytes32 id, address claimant);
    error NothingDelivered(bytes32 id);
    error NoDeliveryLeft(bytes32 id, uint256 limit);
    error NotDeliverer(address expected, address actual);
    error CommitmentMismatch(bytes32 expected, bytes32 actual);
    error DeliveryLapsed(uint64 claimableUntil, uint64 l1Timestamp);
    error NotLapsed(bytes32 id);
    error NotClaimed(bytes32 id);
    error ClaimNotFinal(bytes32 claimHash, uint8 status);
    error OnlyResultClaims(address actual);

    event Delivered(
        bytes32 indexed id, address indexed claimant, bytes32 commitment, uint64 seedBlock, uint8 count, string dataUrl
    );
    event SamplesDrawn(bytes32 indexed id, address indexed claimant, bytes32 seed);
    event DeliveryReleased(bytes32 indexed id, address indexed claimant, uint256 bondWei);
    event DeliveryForfeited(bytes32 indexed id, address indexed claimant, uint256 bondWei);

    /// @notice Puts up the weights of a commissioned model, before anybody knows on which rows they will be measured. Value: the
    /// reservation bond, doubled for each delivery of the id before; it comes back when the claim, which must follow in time,
    /// is final.
    /// @param commitment keccak(abi(bytes32 startRoot, address sender, bytes32 salt)): the claim shows what is behind it, and
    /// nobody else can. startRoot: tree over the evaluation graph's state, which is the weights and a counter of 0
    /// @dev One delivery at a time; of a job that names its deliverer, one at all.
    function deliver(Job calldata job, bytes32 commitment, string calldata dataUrl) external payable;

    /// @notice Draws the samples of the delivery that waits, from the header of its seed block; by anybody, within 8,191 blocks.
    function draw(bytes32 id, bytes calldata headerRlp) external;

    /// @notice What `claimant` delivered is claimed; only ResultClaims. Reverts unless that is what it committed to, its samples
    /// are drawn, and its time is not over.
    /// @param salt of the commitment
    /// @return seed by which the samples were drawn
    function reveal(bytes32 id, address claimant, bytes32 startRoot, bytes32 salt) external returns (bytes32 seed);

    /// @notice Gives back the bond of a delivery whose claim is final, or whose job is void and that had not lapsed before; by anybody.
    function release(bytes32 id) external;

    /// @notice Burns the bond of a delivery that was not claimed in time, or whose claim was overturned; by anybody.
    function forfeit(bytes32 id) external;

    /// @notice Moves the caller's balance to the caller.
    function withdraw() external returns (uint256 amountWei);

    function deliveryOf(bytes32 id) external view returns (Delivery memory);

    /// @notice Exact value that the next delivery of `id` must carry.
    function bondWei(bytes32 id) external view returns (uint256);

    function balanceOf(address account) external view returns (uint256 amountWei);
}
