/** Whether one more request may pass now. */
export type Throttle = (now: number) => boolean;

/** A token bucket: `burst` requests at once, refilled at `ratePerSecond`. */
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
