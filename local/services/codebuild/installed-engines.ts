import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';

/** An engine on this machine, in the form in which builds get it. */
interface InstalledEngine {
  readonly name: string;
  readonly version: string;
  readonly path: string;
}

/** The field with the version has this name in the output of both engines. */
const VersionSchema = z.object({ terraform_version: z.string() });

const run = promisify(execFile);

/** Returns the engines on a PATH, with the versions that they report. */
export async function findInstalledEngines(path: string): Promise<InstalledEngine[]> {
  const found = await Promise.all(['terraform', 'tofu'].map((name) => findEngine(name, path)));
  return found.filter((engine) => engine !== undefined);
}

async function findEngine(name: string, path: string): Promise<InstalledEngine | undefined> {
  for (const directory of path.split(delimiter)) {
    const file = join(directory, name);
    if (!directory.startsWith('/') || !(await isExecutable(file))) continue;
    const { stdout } = await run(file, ['version', '-json'], { env: { PATH: path, CHECKPOINT_DISABLE: '1' } });
    return { name, version: VersionSchema.parse(JSON.parse(stdout)).terraform_version, path: file };
  }
  return undefined;
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
