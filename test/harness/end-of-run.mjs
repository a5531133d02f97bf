import { removeRunDirectory } from './run-directory.mjs';
import { stopSharedDynamoDb } from './shared-dynamodb.mjs';

/** Ends what the suites of a run used together. Jest calls this for each project after the suites. */
export default async function endOfRun() {
  await stopSharedDynamoDb();
  removeRunDirectory();
}
