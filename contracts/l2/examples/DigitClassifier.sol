// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Job} from "../../types/Job.sol";
import {Dnn} from "../Dnn.sol";
import {FloatTensor} from "../FloatTensor.sol";

/// @notice Trains a network that reads digits, and reads digits with it. There is no callback and no second transaction: a call
/// that needs a result waits for it and goes on, maybe many blocks later.
contract DigitClassifier {
    error OnlyOwner(address expected, address actual);
    error PaymentFailed(address payee);

    struct Score {
        uint32 correct;
        uint32 total;
    }

    event Trained(bytes32 indexed model);
    event Classified(bytes32 indexed model, uint256 label);
    event Evaluated(bytes32 indexed model, uint32 correct, uint32 total);

    address public immutable owner = msg.sender;

    /// @notice Label of the last image a model was shown, plus one; 0 if it was shown none.
    mapping(bytes32 model => uint256 labelPlusOne) public lastLabelPlusOne;
    mapping(bytes32 model => Score score) public scores;

    /// @dev What a training leaves unused returns to this contract, hence to one owner.
    modifier onlyOwner() {
        if (msg.sender != owner) revert OnlyOwner(owner, msg.sender);
        _;
    }

    receive() external payable {}

    /// @notice Asks for a training, paid with the value sent.
    function train(Job memory job) public payable onlyOwner returns (bytes32 model) {
        model = Dnn.train(job, msg.value);
        emit Trained(model);
    }

    /// @notice Asks for a network that reads so many of the held-out digits, trained by whoever likes, paid with the value sent.
    function commission(Job memory job) external payable onlyOwner returns (bytes32 model) {
        model = Dnn.commission(job, msg.value);
        emit Trained(model);
    }

    /// @notice The digit that `model` sees in `image`.
    function classify(bytes32 model, bytes memory image) public returns (uint256 label) {
        label = FloatTensor.argMax(Dnn.infer(model, image));
        lastLabelPlusOne[model] = label + 1;
        emit Classified(model, label);
    }

    /// @notice Trains and uses the model in one transaction.
    function trainAndClassify(Job calldata job, bytes calldata image)
        external
        payable
        returns (bytes32 model, uint256 label)
    {
        model = train(job);
        label = classify(model, image);
    }

    /// @notice How many rows of a dataset `model` labels correctly.
    function evaluate(bytes32 model, bytes32 datasetRoot, uint32 rows)
        external
        returns (uint32 correct, uint32 total)
    {
        (correct, total) = Dnn.evaluate(model, datasetRoot, rows);
        scores[model] = Score(correct, total);
        emit Evaluated(model, correct, total);
    }

    /// @notice Takes back what trainings did not use.
    function collect() external onlyOwner returns (uint256 amountWei) {
        amountWei = Dnn.withdrawCompute();
        (bool success,) = owner.call{value: amountWei}("");
        if (!success) revert PaymentFailed(owner);
    }
}
