import { removeRunDirectory } from './run-directory.mjs';

/** Jest calls it once after the suites. */
export default removeRunDirectory;
