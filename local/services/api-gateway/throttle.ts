/** Returns whether one more request may pass now. */
export type Throttle = (now: number) => boolean;

/**
 * Makes a token bucket: it allows `burst` requests at once and is refilled with `ratePerSecond` requests per second.
 */
export function createThrottle(ratePerSecond: number, burst: number): Throttle {
  let tokens = burst;
  let updatedAt: number | undefined;
  return (now) => {
    tokens = Math.min(burst, tokens + ((now - (updatedAt ?? now)) / 1000) * ratePerSecond);
    updatedAt = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
