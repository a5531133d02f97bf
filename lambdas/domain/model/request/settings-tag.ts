import { createHash } from 'node:crypto';
import { RefusedError } from '../../errors.ts';
import { canonicalJson } from '../../json-value.ts';
import { type Application, ApplicationSettingsSchema } from '../application.ts';
import { type Approver, ApproverSettingsSchema } from '../approver.ts';
import { type Environment, EnvironmentSettingsSchema, type EphemeralEnvironment } from '../environment.ts';
import type { EnvironmentState } from '../environment-state.ts';

/**
 * Tags of settings, which the API gives as `ETag`. A tag changes exactly when a setting changes that `PUT` or `PATCH` can
 * change: deployments and pushes do not change it. Something that is removed and made again gets other tags.
 */
export type SettingsTag = string;

/** The tags that the settings may have before a change, as `If-Match` gives them. With `*` they only have to exist. */
export type Allowed = '*' | readonly SettingsTag[];

export const applicationTag = (application: Application): SettingsTag =>
  tagOf(application.createdAt, settingsIn(application, ApplicationSettingsSchema.shape));

/** The hold is a setting, too. */
export const environmentTag = (
  environment: Environment,
  hold: Pick<NonNullable<EnvironmentState['hold']>, 'at'> | null | undefined,
): SettingsTag =>
  tagOf(environment.createdAt, { ...settingsIn(environment, EnvironmentSettingsSchema.shape), heldAt: hold?.at });

export const ephemeralTag = ({ createdAt, expiresAt, follows }: EphemeralEnvironment): SettingsTag =>
  tagOf(createdAt, { expiresAt, follows });

export const approverTag = (approver: Approver): SettingsTag =>
  tagOf(approver.createdAt, settingsIn(approver, ApproverSettingsSchema.shape));

/**
 * `tag`: of the settings as they are; undefined if there is nothing yet. Throws RefusedError `precondition-failed` if it
 * is not an allowed one.
 */
export function requireAllowedTag(allowed: Allowed | undefined, tag: SettingsTag | undefined): void {
  if (allowed === undefined || (tag !== undefined && (allowed === '*' || allowed.includes(tag)))) return;
  throw new RefusedError(
    'precondition-failed',
    tag === undefined
      ? 'it does not exist yet, so nothing can match If-Match'
      : `somebody has changed the settings: their ETag is "${tag}" now; read them again, and decide again`,
  );
}

const settingsIn = (record: object, shape: object): object =>
  Object.fromEntries(Object.entries(record).filter(([field, value]) => value !== undefined && field in shape));

const tagOf = (createdAt: string, settings: object): SettingsTag =>
  createHash('sha256').update(canonicalJson({ createdAt, settings })).digest('hex').slice(0, 32);
