import { openDatabase } from '../../local/persistence/database.ts';
import { startDynamoDb } from '../../local/services/dynamodb/dynamodb-process.ts';
import makeRunDirectory from './run-directory.mjs';

/** The variable with the port of the DynamoDB Local that the suites of a run use together. */
export const DYNAMODB_PORT = 'STAGEGATE_TEST_DYNAMODB_PORT';

let running;

/**
 * Starts DynamoDB Local once for all suites of a run that keep nothing: a start takes longer than most of them use it.
 * Jest calls this for each project before the suites, and workers inherit the variable.
 */
export default async function startSharedDynamoDb() {
  makeRunDirectory();
  running ??= startDynamoDb({ database: openDatabase(undefined), log: console.error }, undefined, 'ofEachKey');
  process.env[DYNAMODB_PORT] = String((await running).port);
}

/** Ends it after the suites. */
export async function stopSharedDynamoDb() {
  await (await running)?.stop();
  running = undefined;
}
