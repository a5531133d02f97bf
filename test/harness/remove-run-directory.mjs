import { removeRunDirectory } from './run-directory.mjs';

/** Removes the run's directory. Jest calls this function once, after the suites. */
export default removeRunDirectory;
