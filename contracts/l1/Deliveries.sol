// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Delivery, IDeliveries} from "../interfaces/IDeliveries.sol";
import {CLAIM_FINAL, IResultClaims} from "../interfaces/IResultClaims.sol";
import {BondBook, Bonds} from "../libraries/Bonds.sol";
import {Clock} from "../libraries/Clock.sol";
import {DeliveryRules} from "../libraries/DeliveryRules.sol";
import {TaskLib} from "../libraries/TaskLib.sol";
import {Clocks} from "../types/Clocks.sol";
import {Job} from "../types/Job.sol";
import {Prices} from "../types/Prices.sol";
import {KIND_COMMISSION, Task} from "../types/Task.sol";

/// @notice See `IDeliveries`.
contract Deliveries is IDeliveries {
    using Bonds for BondBook;
    using DeliveryRules for Delivery;

    IResultClaims private immutable CLAIMS;
    uint256 private immutable L2_CHAIN_ID;
    uint64 private immutable SEED_DELAY_BLOCKS;
    uint64 private immutable RESERVE_SECONDS;
    uint256 private immutable RESERVE_BOND_WEI;

    BondBook private _book;
    mapping(bytes32 id => Delivery) private _deliveries;

    constructor(IResultClaims claims, uint256 l2ChainId, Clocks memory clocks, Prices memory prices) {
        CLAIMS = claims;
        L2_CHAIN_ID = l2ChainId;
        SEED_DELAY_BLOCKS = clocks.seedDelayBlocks;
        RESERVE_SECONDS = clocks.reserveSeconds;
        RESERVE_BOND_WEI = prices.reserveBondWei;
    }

    /// @inheritdoc IDeliveries
    function deliver(Job calldata job, bytes32 commitment, string calldata dataUrl) external payable {
        TaskLib.check(job, L2_CHAIN_ID);
        Task memory task = TaskLib.derive(job, KIND_COMMISSION, 0, 0);
        CLAIMS.checkClaimable(task);
        Delivery storage delivery = _deliveries[task.id];
        delivery.checkRoom(task.id, job.property.deliverer);
        if (delivery.claimant != address(0) && !_isLapsed(task.id, delivery)) {
            revert AlreadyDelivered(task.id, delivery.claimant);
        }
        uint256 bond = delivery.nextBondWei(RESERVE_BOND_WEI);
        if (msg.value != bond) revert IResultClaims.BondMismatch(bond, msg.value);
        uint256 burnedWei = _forfeit(task.id, delivery);
        delivery.take(commitment);
        _book.lock(msg.value);
        emit Delivered(
            task.id, msg.sender, commitment, delivery.seedBlock(SEED_DELAY_BLOCKS), delivery.count, dataUrl
        );
        _book.burn(burnedWei);
    }

    /// @inheritdoc IDeliveries
    function draw(bytes32 id, bytes calldata headerRlp) external {
        Delivery storage delivery = _deliveries[id];
        bytes32 seed = delivery.draw(id, _clocks(), headerRlp);
        emit SamplesDrawn(id, delivery.claimant, seed);
    }

    /// @inheritdoc IDeliveries
    function reveal(bytes32 id, address claimant, bytes32 startRoot, bytes32 salt) external returns (bytes32 seed) {
        if (msg.sender != address(CLAIMS)) revert OnlyResultClaims(msg.sender);
        return _deliveries[id].reveal(id, claimant, startRoot, salt, _clocks());
    }

    /// @inheritdoc IDeliveries
    function release(bytes32 id) external {
        Delivery storage delivery = _deliveries[id];
        if (!_isReleased(id, delivery)) {
            if (!delivery.claimed) revert NotClaimed(id);
            bytes32 claimHash = CLAIMS.liveClaim(id);
            uint8 status = CLAIMS.claimOf(claimHash).status;
            if (status != CLAIM_FINAL) revert ClaimNotFinal(claimHash, status);
        }
        address claimant = delivery.claimant;
        uint256 releasedWei = delivery.settle();
        _book.release(claimant, releasedWei);
        emit DeliveryReleased(id, claimant, releasedWei);
    }

    /// @inheritdoc IDeliveries
    function forfeit(bytes32 id) external {
        Delivery storage delivery = _deliveries[id];
        if (delivery.claimant == address(0)) revert NothingDelivered(id);
        if (!_isLapsed(id, delivery)) revert NotLapsed(id);
        _book.burn(_forfeit(id, delivery));
    }

    /// @inheritdoc IDeliveries
    function withdraw() external returns (uint256 amountWei) {
        return _book.withdraw();
    }

    /// @inheritdoc IDeliveries
    function deliveryOf(bytes32 id) external view returns (Delivery memory) {
        return _deliveries[id];
    }

    /// @inheritdoc IDeliveries
    function bondWei(bytes32 id) external view returns (uint256) {
        return _deliveries[id].nextBondWei(RESERVE_BOND_WEI);
    }

    /// @inheritdoc IDeliveries
    function balanceOf(address account) external view returns (uint256 amountWei) {
        return _book.creditOf[account];
    }

    /// @return burnedWei of what lapsed; 0 if nothing did
    function _forfeit(bytes32 id, Delivery storage delivery) private returns (uint256 burnedWei) {
        address claimant = delivery.claimant;
        if (claimant == address(0)) return 0;
        burnedWei = delivery.settle();
        emit DeliveryForfeited(id, claimant, burnedWei);
    }

    /// @dev A claim consumes nothing here, so one that is not live any more was overturned, or its job is void. Of a void job
    /// nothing lapses any more: what had not when it was voided comes back.
    function _isLapsed(bytes32 id, Delivery storage delivery) private view returns (bool) {
        uint64 voidedAt = CLAIMS.voidedAt(id, KIND_COMMISSION);
        if (delivery.claimed) {
            // A delivery is later than the airgaps of those before it.
            bool isOverturned = CLAIMS.airgapUntil(id) >= delivery.seedFixedAt;
            return CLAIMS.liveClaim(id) == 0 && (voidedAt == 0 || isOverturned);
        }
        uint64 until = delivery.claimableUntil(_clocks());
        return voidedAt == 0 ? Clock.passed(until) : delivery.seedFixedAt != 0 && until < voidedAt;
    }

    function _isReleased(bytes32 id, Delivery storage delivery) private view returns (bool) {
        if (delivery.claimant == address(0) || CLAIMS.voidedAt(id, KIND_COMMISSION) == 0) return false;
        return CLAIMS.liveClaim(id) == 0 && !_isLapsed(id, delivery);
    }

    function _clocks() private view returns (Clocks memory clocks) {
        clocks.seedDelayBlocks = SEED_DELAY_BLOCKS;
        clocks.reserveSeconds = RESERVE_SECONDS;
    }
}
