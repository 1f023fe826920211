/** The logarithm of the number of ways to choose k of n. */
function logChoices(n: number, k: number): number {
    let sum = 0;
    for (let i = 1; i <= k; i++) sum += Math.log(n - k + i) - Math.log(i);
    return sum;
}

/** The probability of k or fewer successes in n trials that succeed with probability p: exact, summed up. */
export function atMost(k: number, n: number, p: number): number {
    let sum = 0;
    for (let i = 0; i <= k; i++) sum += Math.exp(logChoices(n, i) + i * Math.log(p) + (n - i) * Math.log1p(-p));
    return sum;
}

/** How improbable it is that n trials deviate from their expectation as far as k successes do, to this side or the other. */
export function improbability(k: number, n: number, p: number): number {
    const above = atMost(n - k, n, 1 - p);
    return Math.min(1, 2 * Math.min(atMost(k, n, p), above));
}
