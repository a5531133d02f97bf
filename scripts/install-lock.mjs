import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const LOOK_AGAIN_MS = 500;
/** Far longer than anybody needs between finding an abandoned file and taking it away. */
const SETTLE_MS = 200;
/** No installation takes this long; what is older belongs to a process whose id is somebody else's now. */
const LONGEST_MS = 30 * 60_000;

const pause = (milliseconds) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

/** Runs the installation while no other command of this repository runs one: it waits for the end of theirs. */
export function withInstallLock(lockFile, install) {
  mkdirSync(dirname(lockFile), { recursive: true });
  for (let told; !take(lockFile); pause(LOOK_AGAIN_MS)) {
    const holder = holderOf(lockFile);
    if (holder !== undefined && holder !== told)
      console.error(`stagegate: another command (process ${holder}) is installing; waiting for it …`);
    told = holder ?? told;
  }
  try {
    return install();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

function take(lockFile) {
  if (existsSync(lockFile)) {
    if (holderOf(lockFile) !== undefined) return false;
    rmSync(lockFile, { force: true });
  }
  try {
    writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  // Who found the same abandoned file a moment ago may have taken this one away for it.
  pause(SETTLE_MS);
  return holderOf(lockFile) === process.pid;
}

/** The process that installs; a killed one leaves its file behind and holds nothing. */
function holderOf(lockFile) {
  try {
    if (Date.now() - statSync(lockFile).mtimeMs > LONGEST_MS) return undefined;
    const holder = Number(readFileSync(lockFile, 'utf8'));
    process.kill(holder, 0);
    return holder;
  } catch (error) {
    return error.code === 'EPERM' ? 'of another user' : undefined;
  }
}
