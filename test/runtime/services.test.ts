import { describe, expect, test } from '@jest/globals';
import { FUNCTIONS, type FunctionName } from '../../lambdas/functions.ts';
import { FUNCTION_VARIABLES } from '../harness/function-variables.ts';

/** The service that each variable brings, by its name. */
const BROUGHT_BY: Readonly<Record<string, string>> = {
  TABLE_NAME: 'store',
  ARTIFACT_BUCKET: 'artifacts',
  STATE_MACHINE_ARN: 'workflow',
  EVENT_BUS_NAME: 'events',
  TOPIC_ARN: 'mail',
  LINK_KEY_ID: 'links',
  WEBHOOK_KEY_ID: 'webhookSecrets',
  SCHEDULE_GROUP: 'scheduler',
  PUBLIC_URL: 'publicUrl',
  PRICE_SHEET_KEY: 'priceSheetKey',
  LEAST_GATE_EXPIRY_SECONDS: 'leastGateExpirySeconds',
  PINNED_SESSION_ROLES: 'pinnedSessionRoles',
  CONTROL_ACCOUNT: 'controlAccount',
  RESERVED_ACCOUNT: 'reservedAccount',
  ALLOWED_SOURCES: 'allowedSources',
  LEAST_TTL_SECONDS: 'leastTtlSeconds',
  FIRST_PAUSE_SECONDS: 'firstPauseSeconds',
};
const NAMES = Object.keys(FUNCTIONS).filter((name): name is FunctionName => Object.hasOwn(FUNCTIONS, name));

describe('the services of a function', () => {
  test.each(NAMES)('%s: exactly those its variables speak of', (name) => {
    const services: object = FUNCTIONS[name].services.from(FUNCTION_VARIABLES);
    const variables = Object.keys(FUNCTIONS[name].services.variables);
    const wanted = Object.entries(BROUGHT_BY).filter(([variable]) => variables.includes(variable));
    const given = Object.values(BROUGHT_BY).filter((service) => Reflect.get(services, service) !== undefined);
    expect(given).toEqual(wanted.map(([, service]) => service));
  });

  test('are not made without a variable, which is named', () => {
    const { TABLE_NAME: _, ...others } = FUNCTION_VARIABLES;
    expect(() => FUNCTIONS.read.services.from(others)).toThrow('TABLE_NAME');
  });

  test('name all variables that are missing, whichever service wants them', () => {
    for (const variable of ['TABLE_NAME', 'STATE_MACHINE_ARN', 'EVENT_BUS_NAME'])
      expect(() => FUNCTIONS.deploy.services.from({})).toThrow(variable);
  });
});
