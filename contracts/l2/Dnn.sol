// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Job} from "../types/Job.sol";

/// @title The neural-network precompile
/// @notice Trains networks and uses trained ones, from straight-line Solidity. Results come from executors off chain; each is
/// bonded on L1 and can be proven wrong there.
///
/// Forcing a result that is not there yet (`infer`, `evaluate`) stops the whole transaction without effect, and it runs again by
/// itself when the result is known: it is *parked*. That happens only if the caller of the precompile is the contract that the
/// transaction was sent to (or is creating), or if the transaction's access list names the precompile. Elsewhere, and in
/// `eth_call`, forcing reverts with `NotReady`, so that a stranger's hook cannot freeze somebody's transaction.
///
/// A parked transaction is charged for every attempt; code before a forced result runs once more per attempt.
interface IDnn {
    /// @notice The result of `id` is not known yet, and this call may not wait for it.
    error NotReady(bytes32 id);
    /// @notice Computing the result costs more than the transaction's unspent gas is worth: raise the gas limit, or `fund` the id.
    error QuoteTooHigh(uint256 quoteWei);
    /// @notice The input is not as long as the model's input tensor.
    error WrongShape(uint256 expectedBytes, uint256 actualBytes);
    /// @notice No job made this model, or the job has no graph for what was asked.
    error UnknownModel(bytes32 modelId);
    /// @notice A graph of the model's job was shown on L1 to have a flaw (docs/protocol.md P14): this will never be computed. What
    /// was paid for it is in the payers' compute balances.
    error JobVoid(bytes32 modelId);
    /// @notice The run of `id` (the model's training, or what was asked for itself) fails in this step, counted from 0: an element of
    /// it has no result (docs/protocol.md P15). What was paid for the steps from it on is in the payers' compute balances.
    error JobFailed(bytes32 id, uint32 step);
    /// @notice A field of the job breaks a rule (docs/protocol.md P4.2).
    error BadJob(string field);

    /// @notice Asks for a training. Returns at once: the model is forced by whoever uses it.
    /// @param job `chainId` and `requester` are set by the precompile, to this chain and the caller
    /// @dev Value: at least `quote(job)`; what the job does not use returns to the caller's compute balance. An equal job may be
    /// asked for again, to add value to it.
    /// @return modelId the training's id and the model's name
    function train(Job calldata job) external payable returns (bytes32 modelId);

    /// @notice Asks for weights that have a property, however they are come by: of the rows drawn once they were delivered,
    /// `job.property.minCorrect` are right (docs/protocol.md P13). Returns at once, as `train` does.
    /// @param job of profile 2; the other two are for `train`
    /// @dev Value: at least `quote(job)`, which is the property's price.
    /// @return modelId the commission's id and the model's name
    function commission(Job calldata job) external payable returns (bytes32 modelId);

    /// @notice Forces one inference.
    /// @param input the input tensor's bytes, row-major, little-endian, at most 64 KiB
    /// @return output the output tensor's bytes, at most 1,024
    /// @dev Not payable: the quote leaves the transaction's unspent prepaid gas when it parks for the first time.
    function infer(bytes32 modelId, bytes calldata input) external returns (bytes memory output);

    /// @notice Forces a count of the rows of a dataset that the model labels as the dataset does.
    /// @param rows a multiple of the job's `evaluateBatchRows`
    function evaluate(bytes32 modelId, bytes32 datasetRoot, uint32 rows)
        external
        returns (uint32 correct, uint32 total);

    /// @notice Gives value to what the result of `id` pays: a gift. It makes nobody the owner of anything, and what the result
    /// does not cost comes back to whoever opened the id (of a training, the job's requester), not to the giver.
    /// @dev Of an id whose result is final, or that has lapsed, it goes to the caller's compute balance (docs/protocol.md P12.7).
    function fund(bytes32 id) external payable;

    /// @notice Whether forcing `id` would go on at once.
    function ready(bytes32 id) external view returns (bool);

    /// @notice What training or commissioning `job` costs, in wei.
    function quote(Job calldata job) external view returns (uint256 priceWei);

    /// @notice Moves the caller's compute balance (what its jobs did not use) to the caller.
    function withdrawCompute() external returns (uint256 amountWei);
}

/// @notice `IDnn` as functions of the calling contract. Being internal they leave the contract itself the precompile's caller,
/// which is what lets its transactions park.
library Dnn {
    IDnn internal constant PRECOMPILE = IDnn(0x00000000000000000000000000000000414e4801);

    function train(Job memory job, uint256 valueWei) internal returns (bytes32 modelId) {
        return PRECOMPILE.train{value: valueWei}(job);
    }

    function commission(Job memory job, uint256 valueWei) internal returns (bytes32 modelId) {
        return PRECOMPILE.commission{value: valueWei}(job);
    }

    function infer(bytes32 modelId, bytes memory input) internal returns (bytes memory output) {
        return PRECOMPILE.infer(modelId, input);
    }

    function evaluate(bytes32 modelId, bytes32 datasetRoot, uint32 rows)
        internal
        returns (uint32 correct, uint32 total)
    {
        return PRECOMPILE.evaluate(modelId, datasetRoot, rows);
    }

    function fund(bytes32 id, uint256 valueWei) internal {
        PRECOMPILE.fund{value: valueWei}(id);
    }

    function ready(bytes32 id) internal view returns (bool) {
        return PRECOMPILE.ready(id);
    }

    function quote(Job memory job) internal view returns (uint256 priceWei) {
        return PRECOMPILE.quote(job);
    }

    function withdrawCompute() internal returns (uint256 amountWei) {
        return PRECOMPILE.withdrawCompute();
    }
}
