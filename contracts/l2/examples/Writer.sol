// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Job} from "../../types/Job.sol";
import {Dnn} from "../Dnn.sol";
import {FloatTensor} from "../FloatTensor.sol";

/// @notice Trains a character transformer and writes with it. Each character is an inference on those before it: the loop below
/// waits for every one of them, and is a plain loop all the same.
contract Writer {
    error OnlyOwner(address expected, address actual);
    error PaymentFailed(address payee);
    error PromptTooShort(uint256 expectedAtLeast, uint256 actual);

    struct Score {
        uint32 correct;
        uint32 total;
    }

    event Trained(bytes32 indexed model);
    event Written(bytes32 indexed model, bytes ids);
    event Evaluated(bytes32 indexed model, uint32 correct, uint32 total);

    address public immutable owner = msg.sender;

    mapping(bytes32 model => Score score) public scores;
    /// @dev A byte per character: its id in the vocabulary that the model was trained with.
    mapping(bytes32 model => bytes ids) private _texts;

    /// @dev What a training leaves unused returns to this contract, hence to one owner.
    modifier onlyOwner() {
        if (msg.sender != owner) revert OnlyOwner(owner, msg.sender);
        _;
    }

    receive() external payable {}

    /// @notice Asks for a training, paid with the value sent.
    function train(Job calldata job) external payable onlyOwner returns (bytes32 model) {
        model = Dnn.train(job, msg.value);
        emit Trained(model);
    }

    /// @notice The share of next characters that `model` foresees in a text.
    function evaluate(bytes32 model, bytes32 datasetRoot, uint32 rows)
        external
        returns (uint32 correct, uint32 total)
    {
        (correct, total) = Dnn.evaluate(model, datasetRoot, rows);
        scores[model] = Score(correct, total);
        emit Evaluated(model, correct, total);
    }

    /// @notice Begins a text of `model` anew.
    /// @param ids at least as many as the model reads at once
    function begin(bytes32 model, bytes calldata ids) external {
        _texts[model] = ids;
    }

    /// @notice Goes on with the text of `model` by `count` characters, each the likeliest after the `positions` before it.
    /// @dev Every inference that is not known yet stops the transaction, and it runs again from its start when it is: gas grows
    /// with the square of `count`.
    function write(bytes32 model, uint256 positions, uint256 count) external returns (bytes memory written) {
        bytes memory text = _texts[model];
        if (text.length < positions) revert PromptTooShort(positions, text.length);
        uint256 start = text.length;
        for (uint256 i = 0; i < count; ++i) {
            uint256 id = FloatTensor.argMax(Dnn.infer(model, _slice(text, text.length - positions, text.length)));
            text = bytes.concat(text, bytes1(uint8(id)));
        }
        _texts[model] = text;
        written = _slice(text, start, text.length);
        emit Written(model, written);
    }

    /// @notice What was begun and written so far, as ids.
    function textOf(bytes32 model) external view returns (bytes memory ids) {
        return _texts[model];
    }

    /// @notice Takes back what trainings did not use.
    function collect() external onlyOwner returns (uint256 amountWei) {
        amountWei = Dnn.withdrawCompute();
        (bool success,) = owner.call{value: amountWei}("");
        if (!success) revert PaymentFailed(owner);
    }

    function _slice(bytes memory whole, uint256 from, uint256 to) private pure returns (bytes memory part) {
        part = new bytes(to - from);
        for (uint256 i = from; i < to; ++i) {
            part[i - from] = whole[i];
        }
    }
}
