import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const LOOK_AGAIN_MS = 500;
/** No installation takes this long. An older flag is from a process that ended and whose id was used again. */
const LONGEST_MS = 30 * 60_000;

const pause = (milliseconds) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

/**
 * Runs the installation, after waiting for those of other commands of this repository. Each command first raises its
 * flag, a file that has the id of its process as its name, and then looks for the flags of others. So at least one of
 * two commands sees the flag of the other. The flag of a killed command is ignored and not removed: a new process with
 * the same id may have raised it again meanwhile.
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
      // The command with the lowest id keeps its flag while it waits, or all could give way to each other forever.
      if (others.some((id) => id < process.pid)) rmSync(own);
      if (!isTold) console.error(`stagegate: another command (process ${other}) is installing; waiting for it …`);
      isTold = true;
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Returns the ids of other running processes that have raised their flag. */
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
    // The process runs, but belongs to another user.
    return error.code === 'EPERM';
  }
}
