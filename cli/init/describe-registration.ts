interface Described {
  readonly application: string;
  readonly requests: readonly unknown[];
  readonly isSent: boolean;
  readonly isHere: boolean;
  readonly release: number | null;
  readonly commands: string | null;
  readonly url: string;
}

/** What was done, and what to do next, as text for people. */
export function describeRegistration({
  application,
  requests,
  isSent,
  isHere,
  release,
  commands,
  url,
}: Described): string {
  if (!isSent) return `${requests.length} requests would be sent. Nothing was changed.`;
  const lines = [
    requests.length > 0
      ? `${application} is registered.`
      : `${application} is registered already. Nothing was changed.`,
    ...(release === null ? [] : [`Release ${release} is made and being deployed: stagegate watch`]),
    ...(isHere && requests.length > 0
      ? [`Approvers find their mail at ${url}/local/outbox. The local cloud prepares the accounts itself.`]
      : []),
    ...(commands === null
      ? []
      : ['', 'Each account needs a bucket for states and the roles of its environment:', commands]),
  ];
  return lines.join('\n');
}
