// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Dnn, IDnn} from "../../../contracts/l2/Dnn.sol";
import {Job} from "../../../contracts/types/Job.sol";

/// @notice Uses the precompile in every way the tests look at.
contract Forcer {
    event Output(bytes32 indexed model, bytes output, uint256 number, uint256 baseFee);
    event Score(uint32 correct, uint32 total);
    event Caught(bytes reason);

    uint256 public attempts;
    uint256 public outputs;
    uint256 public last;

    function train(Job calldata job) external payable returns (bytes32) {
        return Dnn.train(job, msg.value);
    }

    function commission(Job calldata job) external payable returns (bytes32) {
        return Dnn.commission(job, msg.value);
    }

    function infer(bytes32 model, bytes memory input) public returns (bytes memory output) {
        ++attempts;
        output = Dnn.infer(model, input);
        ++outputs;
        last = uint8(output[0]);
        emit Output(model, output, block.number, block.basefee);
    }

    function inferTwo(bytes32 model, bytes calldata first, bytes calldata second) external {
        infer(model, first);
        infer(model, second);
    }

    function inferBoth(bytes32 one, bytes32 other, bytes calldata input) external {
        infer(one, input);
        infer(other, input);
    }

    function inferThenRevert(bytes32 model, bytes calldata input) external {
        infer(model, input);
        revert("afterwards");
    }

    function trainAndInfer(Job calldata job, bytes calldata input) external payable {
        infer(Dnn.train(job, msg.value), input);
    }

    function evaluate(bytes32 model, bytes32 datasetRoot, uint32 rows) external {
        (uint32 correct, uint32 total) = Dnn.evaluate(model, datasetRoot, rows);
        emit Score(correct, total);
    }

    /// @notice A contract that another one's transaction happens to call.
    function inferThrough(Forcer other, bytes32 model, bytes calldata input) external {
        try other.infer(model, input) {}
        catch (bytes memory reason) {
            emit Caught(reason);
        }
    }

    /// @notice Tries to catch its own waiting.
    function inferCaught(bytes32 model, bytes calldata input) external {
        try IDnn(address(Dnn.PRECOMPILE)).infer(model, input) {}
        catch (bytes memory reason) {
            emit Caught(reason);
        }
    }

    function fund(bytes32 id) external payable {
        Dnn.fund(id, msg.value);
    }

    function collect() external returns (uint256) {
        return Dnn.withdrawCompute();
    }

    function increment() external {
        ++outputs;
    }

    receive() external payable {}
}
