import type { HttpEvent } from './http-event.ts';

/** The signed caller: the ARN IAM knows, as in `arn:aws:sts::111111111111:assumed-role/Deployers/jane`. */
export function callerOf({ routeKey, requestContext }: HttpEvent): string {
  const caller = requestContext.authorizer?.iam?.userArn;
  // Only a gateway that lets unsigned requests reach a signed route brings us here.
  if (!caller) throw new Error(`answering ${routeKey}: the request carries no IAM caller`);
  return caller;
}
