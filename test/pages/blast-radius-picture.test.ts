import { describe, expect, test } from '@jest/globals';
import type { BlastRadiusGraph } from '../../lambdas/domain/plan/analysis-parts.ts';
import { blastRadiusPicture } from '../../lambdas/pages/parts/blast-radius-picture.ts';
import { analyse, block, change, planOf, recordedPlan, refersTo } from '../domain/plan/plan-documents.ts';

const pictureOf = (graph: BlastRadiusGraph): string => blastRadiusPicture(graph)?.text ?? '';
const recorded = (name: string): string => pictureOf(analyse(recordedPlan(name)).graph);

/** Returns the boxes of a picture: left, top, right, bottom. */
const boxesIn = (svg: string): [number, number, number, number][] =>
  [...svg.matchAll(/<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g)].map((found) => {
    const [x = 0, y = 0, width = 0, height = 0] = found.slice(1).map(Number);
    return [x, y, x + width, y + height];
  });

/** Analyses a star: one changed object that all others depend on. */
const star = (count: number) =>
  analyse(
    planOf({
      configuration: {
        root_module: {
          resources: Array.from({ length: count }, (_, at) =>
            block(`aws_kind_${at % 9}`, `r${at}`, { expressions: { x: at === 0 ? {} : refersTo(`aws_kind_0.r0.id`) } }),
          ),
        },
      },
      resource_changes: Array.from({ length: count }, (_, at) =>
        change({
          type: `aws_kind_${at % 9}`,
          name: `r${at}`,
          actions: [at === 0 ? 'update' : 'no-op'],
          before: { a: 0 },
          after: { a: at === 0 ? 1 : 0 },
        }),
      ),
    }),
  ).graph;

describe('the picture of a blast radius', () => {
  test('shows each of a few resources', () => {
    const svg = recorded('03-resize-database');
    expect(boxesIn(svg)).toHaveLength(3);
    for (const [kind, name] of [
      ['aws_db_instance', 'this'],
      ['aws_ecs_task_definition', 'app'],
      ['aws_ecs_service', 'app'],
    ])
      expect(svg).toMatch(new RegExp(`>${kind}</text>\\s*<text [^>]*>${name}</text>`));
    expect(svg.match(/marker-end/g)).toHaveLength(2);
  });

  test('is nothing when nothing is touched', () => {
    expect(blastRadiusPicture(analyse(recordedPlan('02-no-changes')).graph)).toBeUndefined();
    expect(blastRadiusPicture(analyse(recordedPlan('09-moved-only')).graph)).toBeUndefined();
  });

  test('marks what loses data', () => {
    expect(recorded('06-remove-bucket-and-tighten')).toMatch(
      /<title>aws_s3_bucket\.assets in module\.web is deleted; data is lost<\/title>\s*<rect [^>]*stroke-width="3"/,
    );
  });

  test.each(['01-create-web-app', '05-destroy-everything', '07-open-security-group', '14-count-shrinks'])(
    'keeps the boxes of %s apart and inside',
    (name) => {
      const svg = recorded(name);
      const [, width = 0, height = 0] = (/viewBox="0 -?\d+ (\d+) (\d+)"/.exec(svg) ?? []).map(Number);
      const boxes = boxesIn(svg);
      for (const [at, [left, top, right, bottom]] of boxes.entries()) {
        expect(left >= 0 && top >= 0 && right <= width && bottom <= height).toBe(true);
        for (const [otherLeft, otherTop, otherRight, otherBottom] of boxes.slice(at + 1))
          expect(right <= otherLeft || otherRight <= left || bottom <= otherTop || otherBottom <= top).toBe(true);
      }
    },
  );

  test.each([5, 30, 300, 2000])('of %s resources stays readable', (count) => {
    const graph = star(count);
    expect(graph.nodes.length).toBeLessThanOrEqual(32);
    expect(graph.nodes.reduce((sum, node) => sum + node.count, 0)).toBe(count);
    expect(boxesIn(pictureOf(graph))).toHaveLength(graph.nodes.length);
  });

  test('says in words what it shows, for those who do not see it', () => {
    const svg = recorded('03-resize-database');
    expect(svg).toContain('role="img" aria-labelledby="blast-title blast-text"');
    expect(svg).toContain('aws_db_instance.this in module.web is changed, which reaches aws_ecs_task_definition.app');
    expect(svg).toContain('2 resources not changed depend on them.');
  });

  test('holds no script, no style and no colour of its own', () => {
    const svg = recorded('05-destroy-everything');
    expect(svg).not.toMatch(/<script|<style|style=|on\w+=|#[0-9a-f]{3,6}\b|href/i);
  });

  test('shows hostile names as text', () => {
    const key = '"><script>alert(1)</script>';
    const { graph } = analyse(
      planOf({ resource_changes: [change({ index: key, before: { a: 1 }, after: { a: 2 } })] }),
    );
    expect(pictureOf(graph)).not.toContain('<script');
  });
});

describe('gathering', () => {
  test('losses stay visible one by one among hundreds', () => {
    const changes = Array.from({ length: 400 }, (_, at) =>
      change({
        type: at % 100 === 0 ? 'aws_s3_bucket' : `aws_kind_${at % 40}`,
        name: `r${at}`,
        module: `module.m${at % 50}`,
        actions: ['delete'],
        before: { id: 'x' },
      }),
    );
    const { nodes } = analyse(planOf({ resource_changes: changes })).graph;
    expect(nodes.length).toBeLessThanOrEqual(32);
    expect(nodes.filter(({ isLoss }) => isLoss).map(({ label, count }) => [label, count])).toEqual([
      ['aws_s3_bucket.r0', 1],
      ['aws_s3_bucket.r100', 1],
      ['aws_s3_bucket.r200', 1],
      ['aws_s3_bucket.r300', 1],
    ]);
  });

  test('instances of one block that share an action are one box', () => {
    const changes = Array.from({ length: 60 }, (_, at) =>
      change({
        type: 'aws_subnet',
        name: 'public',
        index: at,
        actions: [at < 20 ? 'create' : 'delete'],
        before: at < 20 ? null : {},
        after: at < 20 ? {} : null,
      }),
    );
    expect(
      analyse(planOf({ resource_changes: changes })).graph.nodes.map(({ label, action }) => [label, action]),
    ).toEqual([
      ['20 × aws_subnet', 'create'],
      ['40 × aws_subnet', 'delete'],
    ]);
  });
});
