import { join } from 'node:path';

/** What engines read and write in a directory beside its configuration, by names that are theirs. */

/** Which providers, in which versions, with which hashes. */
export const LOCK_FILE = '.terraform.lock.hcl';

/** Providers that a directory brings along. */
export const VENDORED = 'terraform.d';

/** What an engine keeps of its runs. */
export const ENGINE_DIRECTORY = '.terraform';

/** The list of the modules that `init` installed; without any it writes none. */
export const MODULE_MANIFEST = join(ENGINE_DIRECTORY, 'modules', 'modules.json');

/** The backend that `init` configured. */
export const BACKEND_RECORD = join(ENGINE_DIRECTORY, 'terraform.tfstate');

/** The name of the selected workspace. */
export const WORKSPACE_RECORD = join(ENGINE_DIRECTORY, 'environment');
