// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILeafRouter, LeafVerifiers} from "../../../contracts/interfaces/ILeafRouter.sol";
import {ILeafVerifier} from "../../../contracts/interfaces/ILeafVerifier.sol";
import {Artifact} from "../support/Artifact.sol";
import {vm} from "../support/Vm.sol";

/// Every op of docs/protocol.md P5.7 and every kind of P7.5 has its judge, and nothing else has one.
contract LeafRouterTest {
    ILeafRouter router;

    function setUp() public {
        LeafVerifiers memory verifiers = LeafVerifiers(
            dummy(1), dummy(2), dummy(3), dummy(4), dummy(5), dummy(10), dummy(11), dummy(6), dummy(7), dummy(8), dummy(9), dummy(12), dummy(13)
        );
        router = ILeafRouter(
            Artifact.deploy("contracts/l1/verifiers/LeafRouter.sol:LeafRouter", abi.encode(verifiers))
        );
    }

    function dummy(uint160 number) internal pure returns (ILeafVerifier) {
        return ILeafVerifier(address(number));
    }

    /// 0: none. As the table of P5.7 groups them.
    function family(uint256 op) internal pure returns (uint160) {
        if (op >= 9 && op <= 13) return 2;
        if ((op >= 1 && op <= 8) || (op >= 14 && op <= 16)) return 1;
        if (op >= 20 && op <= 29) return 3;
        if (op == 40 || op == 41) return 4;
        if (op >= 42 && op <= 46) return 5;
        if (op == 50 || op == 51) return 10;
        if (op == 52) return 11;
        if ((op >= 60 && op <= 66) || op == 70 || op == 71) return 6;
        return 0;
    }

    function test_verifierOf_everyOp() public {
        for (uint256 op = 0; op <= 256; ++op) {
            if (family(op) == 0) {
                vm.expectRevert(abi.encodeWithSelector(ILeafRouter.UnknownOp.selector, op));
                router.verifierOf(1, op);
            } else {
                vm.assertEq(address(router.verifierOf(1, op)), address(family(op)), "family");
                vm.assertEq(address(router.verifierOf(12, op)), address(family(op)), "failed");
            }
        }
        vm.expectRevert(abi.encodeWithSelector(ILeafRouter.UnknownOp.selector, type(uint256).max));
        router.verifierOf(1, type(uint256).max);
    }

    function test_verifierOf_everyKind() public {
        uint160[13] memory expected = [uint160(0), 1, 7, 7, 8, 7, 8, 8, 9, 9, 12, 13, 1];
        for (uint8 kind = 1; kind <= 12; ++kind) {
            vm.assertEq(address(router.verifierOf(kind, 1)), address(expected[kind]), "kind");
        }
        for (uint16 kind = 0; kind < 256; kind = kind == 0 ? 13 : kind + 1) {
            vm.expectRevert(abi.encodeWithSelector(ILeafRouter.UnknownKind.selector, uint8(kind)));
            router.verifierOf(uint8(kind), 1);
        }
    }
}
