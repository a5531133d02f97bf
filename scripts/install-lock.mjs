import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const LOOK_AGAIN_MS = 500;
/** No installation takes this long; what is older belongs to a process whose id is somebody else's now. */
const LONGEST_MS = 30 * 60_000;

const pause = (milliseconds) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

/**
 * Runs the installation while no other command of this repository runs one: it waits for the end of theirs. Each raises a
 * flag, a file with the id of its process as its name, before it looks for the flags of others: of two, one at least sees the
 * other's. A killed command leaves its flag, which says nothing any more. It stays: whoever took away what is not theirs could
 * do so a moment later, when it is somebody else's.
 */
export function withInstallLock(directory, install) {
  mkdirSync(directory, { recursive: true });
  const own = join(directory, String(process.pid));
  try {
    for (let isTold = false; ; pause(LOOK_AGAIN_MS)) {
      writeFileSync(own, '');
      const others = othersIn(directory);
      const [other] = others;
      if (other === undefined) return install();
      // The one with the lowest id keeps its flag while it waits, or all could give way to each other for ever.
      if (others.some((id) => id < process.pid)) rmSync(own);
      if (!isTold) console.error(`stagegate: another command (process ${other}) is installing; waiting for it …`);
      isTold = true;
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** The ids of other processes that have raised their flag and live. */
const othersIn = (directory) =>
  readdirSync(directory)
    .map(Number)
    .filter((id) => id !== process.pid && isRaised(join(directory, String(id)), id));

function isRaised(flag, id) {
  try {
    if (Date.now() - statSync(flag).mtimeMs > LONGEST_MS) return false;
    process.kill(id, 0);
    return true;
  } catch (error) {
    // The process is another user's.
    return error.code === 'EPERM';
  }
}
