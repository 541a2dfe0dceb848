// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Denormals} from "./Denormals.sol";
import {ExactDot} from "./ExactDot.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {Float32} from "./Float32.sol";
import {Tolerance} from "./Tolerance.sol";
import {Wide} from "./Wide.sol";

/// @notice The verdicts of the tolerant profile's gpu column on one element whose operands are read as given: true iff `y` may
/// be the result (docs/numerics.md N7; verifier/numerics/gpu.ts gives the same verdicts). u = 2^−24. Who judges tries both
/// readings of a denormal operand. Operands must be finite; an infinite or NaN `y` is never accepted.
library GpuTolerance {
    using Wide for Wide.Uint512;

    uint32 private constant LEAST_NORMAL = 0x00800000;
    uint32 private constant LARGEST_DIVISOR = 0x7e800000; // 2^126
    uint256 private constant EXTRA_ROUNDINGS = 3; // bias, scaling, mean

    /// @notice |y − S| ≤ γ_m·A + D, m = n + 3, γ_m = m/q, q = 2^24 − m, D = `denormal` + 2n·2^−126, in units of 2^−298: as
    /// `Tolerance.dot`.
    /// @param count n, the number of products, added up in any order.
    function dot(ExactDot.Sum memory exact, Wide.Uint512 memory denormal, uint256 count, uint32 y)
        internal
        pure
        returns (bool)
    {
        if (exact.overflows || !Float32.isFinite(y)) return false;
        uint256 m = count + EXTRA_ROUNDINGS;
        uint256 q = (1 << 24) - m;
        Wide.Uint512 memory slack = exact.absolute.mul(m).add(denormal.add(Wide.shifted(2 * count, 172)).mul(q));
        return !slack.less(Tolerance.distance(exact, y).mul(q));
    }

    /// @notice Add, Sub, Mul: the correctly rounded result, give or take 2^−126.
    function rounded(uint32 result, uint32 y) internal pure returns (bool) {
        if (!Float32.isFinite(result) || !Float32.isFinite(y)) return false;
        if (Float32.equal(result, y)) return true;
        // Values from 2^−76 on have no neighbours so near.
        if (Float32.abs(result) >= 0x19800000 || Float32.abs(y) >= 0x19800000) return false;
        int256 distance = _units(result) - _units(y);
        return distance >= -(1 << 23) && distance <= 1 << 23;
    }

    /// @notice x/z: 5u relative, |y·z − x| ≤ 5u·|x| + 2^−126·|z| in units of 2^−322. Nothing is said where |z| is not in
    /// [2^−126, 2^126]: any result may be right.
    function quotient(uint32 x, uint32 z, uint32 y) internal pure returns (bool) {
        if (!Float32.isFinite(y) || Float32.equal(z, 0)) return false;
        if (Float32.abs(z) < LEAST_NORMAL || Float32.abs(z) > LARGEST_DIVISOR) return true;
        (bool nx, uint256 mx, int256 ex) = Float32.decode(x);
        (bool nz, uint256 mz, int256 ez) = Float32.decode(z);
        (bool ny, uint256 my, int256 ey) = Float32.decode(y);
        // Both normal then: |y·z| ≥ 2^130, which is more than twice any x.
        if (ey + ez > 83 && my != 0) return false;
        Wide.Uint512 memory product = my == 0 ? Wide.Uint512(0, 0) : Wide.shifted(my * mz, uint256(ey + ez + 322));
        Wide.Uint512 memory dividend = Wide.shifted(mx, uint256(ex + 322));
        Wide.Uint512 memory distance;
        if ((ny != nz) != nx) distance = product.add(dividend);
        else distance = product.less(dividend) ? dividend.sub(product) : product.sub(dividend);
        Wide.Uint512 memory slack =
            Wide.shifted(5 * mx, uint256(ex + 298)).add(Wide.shifted(mz, uint256(ez + 196)));
        return !slack.less(distance);
    }

    /// @notice √x: 10u relative.
    function root(uint32 x, uint32 y) internal pure returns (bool) {
        if (!Float32.isFinite(y)) return false;
        (bool negative, uint256 m, int256 e) = Float32.decode(x);
        if (m == 0) return Float32.abs(y) <= LEAST_NORMAL;
        if (negative) return false;
        int256 value = int256(Math.sqrt(e & 1 == 0 ? m << 100 : m << 101));
        int256 unit = ((e & 1 == 0 ? e : e - 1) - 100) / 2;
        int256 slack = 10 * (value + 1) + _flushedIn(unit - 24);
        return Tolerance.within(FixedPoint.Enclosure(value, 1, unit), 24, slack, y);
    }

    /// @notice (6 + 4|x|)u relative.
    function exp(uint32 x, uint32 y) internal pure returns (bool) {
        if (!Float32.isFinite(y)) return false;
        int256 order = Float32.order(x);
        if (order >= 0x43000000) return false; // 128
        if (order <= -0x43000000) return Float32.abs(y) <= LEAST_NORMAL; // e^x < 2^−184
        FixedPoint.Enclosure memory exact = FixedPoint.exp(x);
        int256 factor = (6 << 32) + 4 * ((FixedPoint.fixedAbs(x) >> 64) + 1);
        int256 slack = (exact.value + exact.radius) * factor + _flushedIn(exact.exponent - 56);
        return Tolerance.within(exact, 56, slack, y);
    }

    /// @notice 8u·max(|log x|, 1)
    function log(uint32 x, uint32 y) internal pure returns (bool) {
        if (!Float32.isFinite(y) || Float32.order(x) <= 0) return false;
        FixedPoint.Enclosure memory exact = FixedPoint.log(x);
        int256 magnitude = (exact.value < 0 ? -exact.value : exact.value) + exact.radius;
        return Tolerance.within(exact, 21, (magnitude > 1 << 96 ? magnitude : int256(1 << 96)) + 1, y);
    }

    /// @notice 8u
    function tanh(uint32 x, uint32 y) internal pure returns (bool) {
        return Float32.isFinite(y) && Tolerance.within(FixedPoint.tanh(x), 0, (1 << 75) + 1, y);
    }

    /// @notice 8u
    function sigmoid(uint32 x, uint32 y) internal pure returns (bool) {
        return Float32.isFinite(y) && Tolerance.within(FixedPoint.sigmoid(x), 0, (1 << 75) + 1, y);
    }

    /// @notice 40u
    function erf(uint32 x, uint32 y) internal pure returns (bool) {
        return Float32.isFinite(y) && Tolerance.within(FixedPoint.erf(x), 0, (5 << 75) + 1, y);
    }

    /// @notice Movement, selection, Relu, Neg, Abs, Max, Min: the value itself, or zero if it is denormal.
    function equal(uint32 result, uint32 y) internal pure returns (bool) {
        return Tolerance.equal(result, y) || (Denormals.isDenormal(result) && Float32.equal(y, 0));
    }

    /// @dev 2^−126 in units of 2^unit, at least one.
    function _flushedIn(int256 unit) private pure returns (int256) {
        return unit <= -126 ? int256(1) << uint256(-126 - unit) : int256(1);
    }

    /// @dev In units of 2^−149, exactly; |x| < 2^−76.
    function _units(uint32 x) private pure returns (int256) {
        (bool negative, uint256 m, int256 e) = Float32.decode(x);
        return negative ? -int256(m << uint256(e + 149)) : int256(m << uint256(e + 149));
    }
}
