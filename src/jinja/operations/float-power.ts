/** Powers of floats, rounded to the nearest: JavaScript's own are at times one digit off what C and so Python give. */

/** Bits behind the point of the numbers below. */
const bits = 256n;
const one = 1n << bits;

export function floatPower(base: number, exponent: number): number {
  const quick = base ** exponent;
  if (!(base > 0) || base === 1 || exponent === 0 || Math.abs(exponent) > 2 ** 60) return quick;
  if (!(quick > 1e-300 && quick < 1e300)) return quick;
  return exp(scaled(log(base), exponent));
}

/** A float as `mantissa * 2 ** shift`, exactly. */
function partsOf(value: number): { mantissa: bigint; shift: number } {
  let shift = Math.max(Math.floor(Math.log2(Math.abs(value))), -1022) - 52;
  // 2 ** -shift itself may be too large for a float.
  let mantissa = value * 2 ** Math.floor(-shift / 2) * 2 ** (-shift - Math.floor(-shift / 2));
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    shift--;
  }
  return { mantissa: BigInt(mantissa), shift };
}

function scaled(value: bigint, factor: number): bigint {
  const { mantissa, shift } = partsOf(factor);
  const product = value * mantissa;
  return shift >= 0 ? product << BigInt(shift) : product >> BigInt(-shift);
}

/** ln((1 + z) / (1 - z)) */
function logOfRatio(z: bigint): bigint {
  const square = (z * z) >> bits;
  let power = z;
  let sum = 0n;
  for (let divisor = 1n; power !== 0n && power !== -1n; divisor += 2n) {
    sum += power / divisor;
    power = (power * square) >> bits;
  }
  return 2n * sum;
}

const log2 = logOfRatio(one / 3n);

function log(value: number): bigint {
  const { mantissa, shift } = partsOf(value);
  const length = BigInt(mantissa.toString(2).length);
  const fraction = (mantissa << bits) >> (length - 1n);
  return logOfRatio(((fraction - one) << bits) / (fraction + one)) + (BigInt(shift) + length - 1n) * log2;
}

function exp(value: bigint): number {
  const twos = value / log2;
  const rest = value - twos * log2;
  let term = one;
  let sum = 0n;
  for (let n = 1n; term !== 0n && term !== -1n; n++) {
    sum += term;
    term = ((term * rest) >> bits) / n;
  }
  return Number(sum) * 2 ** Number(-bits) * 2 ** Number(twos);
}
