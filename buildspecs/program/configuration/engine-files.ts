import { join } from 'node:path';

/** Files that engines read and write in a directory beside its configuration. The engines define these names. */

/** The dependency lock file: providers, with their versions and hashes. */
export const LOCK_FILE = '.terraform.lock.hcl';

/** Providers that a directory brings along. */
export const VENDORED = 'terraform.d';

/** The directory in which an engine keeps data of its runs. */
export const ENGINE_DIRECTORY = '.terraform';

/** The list of the modules that `init` installed. If there are no modules, `init` writes no list. */
export const MODULE_MANIFEST = join(ENGINE_DIRECTORY, 'modules', 'modules.json');

/** The backend that `init` configured. */
export const BACKEND_RECORD = join(ENGINE_DIRECTORY, 'terraform.tfstate');

/** The name of the selected workspace. */
export const WORKSPACE_RECORD = join(ENGINE_DIRECTORY, 'environment');
