import { basename, dirname, join } from 'node:path';

/** Files that engines read and write in a directory beside its configuration. The engines define these names. */

/** The dependency lock file: providers, with their versions and hashes. */
export const LOCK_FILE = '.terraform.lock.hcl';

/** Providers that a directory brings along. */
export const VENDORED = 'terraform.d';

/** The directory in which an engine keeps data of its runs. */
export const ENGINE_DIRECTORY = '.terraform';

/** Where `init` installs modules, each in a directory of its own. */
export const MODULES = join(ENGINE_DIRECTORY, 'modules');

/** The list of the modules that `init` installed. If there are no modules, `init` writes no list. */
export const MODULE_MANIFEST = join(MODULES, 'modules.json');

/** The backend that `init` configured. */
export const BACKEND_RECORD = join(ENGINE_DIRECTORY, 'terraform.tfstate');

/** The name of the selected workspace. */
export const WORKSPACE_RECORD = join(ENGINE_DIRECTORY, 'environment');

/**
 * Names in the engine's directory from which an engine takes the backend, the workspace and providers: `plugin_path`
 * lists directories of providers, and `plugins` is where older engines look for them.
 */
const READ_IN_EVERY_RUN = /^(?:\.?terraform\.tfstate.*|environment|plugin_path|plugins|providers)$/i;

/**
 * Returns whether a path is in the engine's directory, and what the engine itself writes there and reads again. `init`
 * makes all of it in every build, so that it is no part of a tree. Some file systems do not tell upper from lower case.
 */
export const isOfEngine = (path: string): boolean =>
  basename(dirname(path)).toLowerCase() === ENGINE_DIRECTORY && READ_IN_EVERY_RUN.test(basename(path));
