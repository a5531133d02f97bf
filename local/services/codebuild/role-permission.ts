import { AwsError, type Door } from '../../door/wire.ts';
import { PhaseFailure, type RunRequest } from './run-request.ts';

/**
 * Throws PhaseFailure when the role of the build lacks the permission. As in AWS, a role that may not write the log, or
 * read its connection or scripts, makes the build fail before the first command.
 */
export function requirePermission(door: Door, request: RunRequest, action: string, resource: string): void {
  try {
    door.authorize(request.serviceRole, { action, resources: [resource] });
  } catch (error) {
    if (error instanceof AwsError) throw new PhaseFailure('ACCESS_DENIED', error.message);
    throw error;
  }
}

export function requirePermissionToLog(door: Door, request: RunRequest, region: string): void {
  const { project, build } = request;
  if (project.logGroup === undefined) return;
  const account = project.arn.split(':')[4];
  const stream = `arn:aws:logs:${region}:${account}:log-group:${project.logGroup}:log-stream:${build.id.split(':')[1]}`;
  for (const action of ['logs:CreateLogStream', 'logs:PutLogEvents']) requirePermission(door, request, action, stream);
}
