/** A route of the HTTP API: `GET /applications/{app}`, `ANY /files/{path+}` or `$default`. */
export interface ApiRoute {
  readonly routeKey: string;
  readonly functionArn: string;
  readonly requiresIam: boolean;
  readonly timeoutMs: number;
}

interface ParsedRoute {
  readonly route: ApiRoute;
  readonly method: string;
  readonly segments: readonly Segment[];
}

type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'greedy'; readonly name: string };

export interface MatchedRoute {
  readonly route: ApiRoute;
  readonly pathParameters: Readonly<Record<string, string>>;
}

/**
 * Finds the most specific route as API Gateway does: a literal before a parameter before a greedy parameter, a method
 * before ANY, and last `$default`.
 */
export function matchRoute(routes: readonly ApiRoute[], method: string, path: string): MatchedRoute | undefined {
  const parts = path.split('/').slice(1);
  const matches = routes
    .filter(({ routeKey }) => routeKey !== '$default')
    .map(parseRoute)
    .filter((parsed) => parsed.method === method || parsed.method === 'ANY')
    .flatMap((parsed) => {
      const pathParameters = matchSegments(parsed.segments, parts);
      return pathParameters ? [{ parsed, pathParameters }] : [];
    })
    .sort((a, b) => compareRoutes(a.parsed, b.parsed));
  const best = matches[0];
  if (best) return { route: best.parsed.route, pathParameters: best.pathParameters };
  const fallback = routes.find(({ routeKey }) => routeKey === '$default');
  return fallback && { route: fallback, pathParameters: {} };
}

/** Returns the method and path of a route key; throws for a key that is not `METHOD /path`. */
export function parseRouteKey(routeKey: string): { method: string; path: string } {
  const [, method, path] = /^(ANY|GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (\/\S*)$/.exec(routeKey) ?? [];
  if (method === undefined || path === undefined)
    throw new Error(`route key "${routeKey}" is not supported by the local cloud`);
  return { method, path };
}

function parseRoute(route: ApiRoute): ParsedRoute {
  const { method, path } = parseRouteKey(route.routeKey);
  const segments = path
    .split('/')
    .slice(1)
    .map((text): Segment => {
      const [, name, greedy] = /^\{(\w+)(\+)?\}$/.exec(text) ?? [];
      if (name === undefined) return { kind: 'literal', text };
      return greedy ? { kind: 'greedy', name } : { kind: 'parameter', name };
    });
  return { route, method, segments };
}

function matchSegments(segments: readonly Segment[], parts: readonly string[]): Record<string, string> | undefined {
  const parameters: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const part = parts[index];
    if (segment.kind === 'greedy') {
      const rest = parts.slice(index).join('/');
      if (rest === '') return undefined;
      parameters[segment.name] = rest;
      return parameters;
    }
    if (part === undefined) return undefined;
    if (segment.kind === 'literal' && segment.text !== part) return undefined;
    if (segment.kind === 'parameter') {
      if (part === '') return undefined;
      parameters[segment.name] = part;
    }
  }
  return parts.length === segments.length ? parameters : undefined;
}

const SPECIFICITY = { literal: 0, parameter: 1, greedy: 2 } as const;

function compareRoutes(a: ParsedRoute, b: ParsedRoute): number {
  for (const [index, segment] of a.segments.entries()) {
    const other = b.segments[index];
    if (!other) return -1;
    const difference = SPECIFICITY[segment.kind] - SPECIFICITY[other.kind];
    if (difference !== 0) return difference;
  }
  return Number(a.method === 'ANY') - Number(b.method === 'ANY');
}
