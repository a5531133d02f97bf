import { referencesOf } from './intrinsics.ts';
import type { TemplateResource } from './template.ts';

/**
 * Returns the logical ids so that each resource comes after all resources it refers to or depends on. Throws for a
 * cycle and names its members.
 */
export function creationOrder(resources: Readonly<Record<string, TemplateResource>>): string[] {
  const order: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (logicalId: string): void => {
    if (done.has(logicalId)) return;
    if (path.includes(logicalId)) {
      throw new Error(
        `template has a dependency cycle: ${[...path.slice(path.indexOf(logicalId)), logicalId].join(' -> ')}`,
      );
    }
    const resource = resources[logicalId];
    if (!resource) return;
    path.push(logicalId);
    for (const dependency of [...resource.DependsOn, ...referencesOf(resource.Properties)]) visit(dependency);
    path.pop();
    done.add(logicalId);
    order.push(logicalId);
  };
  for (const logicalId of Object.keys(resources)) visit(logicalId);
  return order;
}
