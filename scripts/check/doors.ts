/**
 * The four doors: a class with a private constructor and a `#made` field, in one file; nobody else casts to its type.
 * `#made in x` guards the running program; this guards what a reader of the code can believe.
 */

import ts from 'typescript';
import type { Finding } from './finding.ts';
import { eachNode, lineOf, type Source } from './source-tree.ts';

export const doorNames = ['VerifiedJob', 'PermittedJob', 'ReleasedResult', 'DeidentifiedInstance'] as const;
export const doorRules = ['door-closed', 'door-made-once', 'door-cast', 'door-predicate'] as const;

/** Finds open doors, doors made twice, casts to a door's type, and type predicates that promise one without asking. */
export function checkDoors(sources: readonly Source[]): readonly Finding[] {
  const findings: Finding[] = [];
  const madeIn = new Map<string, string>();
  const isDoor = (name: string): boolean => (doorNames as readonly string[]).includes(name);
  for (const source of sources) {
    eachNode(source, (node) => {
      if (!ts.isClassLike(node) || !node.name || !isDoor(node.name.text)) return;
      const name = node.name.text;
      const place = { file: source.path, line: lineOf(source, node) };
      const first = madeIn.get(name);
      if (first === undefined) madeIn.set(name, source.path);
      else findings.push({ rule: 'door-made-once', ...place, text: `${name} is made in ${first} already` });
      if (!hasPrivateConstructor(node) || !hasMadeField(node)) {
        findings.push({
          rule: 'door-closed',
          ...place,
          text: `${name} needs a private constructor and a #made field`,
        });
      }
    });
  }
  const aliases = doorAliases(sources);
  for (const source of sources) {
    const names = new Map([...aliases, ...importedNames(source, aliases)]);
    eachNode(source, (node) => {
      const found = forged(node);
      if (!found) return;
      const door = [...typeNames(found.type)]
        .map((name) => names.get(name))
        .find((name) => name !== undefined);
      if (door === undefined || madeIn.get(door) === source.path) return;
      findings.push({
        rule: found.rule,
        file: source.path,
        line: lineOf(source, node),
        text: `${found.word} ${door} outside its file`,
      });
    });
  }
  return findings;
}

function hasPrivateConstructor(node: ts.ClassLikeDeclaration): boolean {
  return node.members.some(
    (member) =>
      ts.isConstructorDeclaration(member) &&
      (member.modifiers ?? []).some((modifier) => modifier.kind === ts.SyntaxKind.PrivateKeyword),
  );
}

function hasMadeField(node: ts.ClassLikeDeclaration): boolean {
  return node.members.some((member) => ts.isPropertyDeclaration(member) && member.name.getText() === '#made');
}

/** A place that gives a value a type without asking the door: an assertion, or a type predicate. */
function forged(
  node: ts.Node,
): { type: ts.TypeNode; rule: (typeof doorRules)[number]; word: string } | undefined {
  if (ts.isAsExpression(node) || ts.isTypeAssertionExpression(node)) {
    return { type: node.type, rule: 'door-cast', word: 'a cast to' };
  }
  if (ts.isTypePredicateNode(node) && node.type)
    return { type: node.type, rule: 'door-predicate', word: 'a predicate for' };
  return undefined;
}

/** Every name that a type mentions. */
function typeNames(type: ts.Node): ReadonlySet<string> {
  const names = new Set<string>();
  const walk = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) names.add(node.text);
    ts.forEachChild(node, walk);
  };
  walk(type);
  return names;
}

/** Name → door, for the doors themselves and for every `type X = Door` (unions and wrappers too), in any file. */
function doorAliases(sources: readonly Source[]): Map<string, string> {
  const names = new Map<string, string>(doorNames.map((name) => [name, name]));
  for (let grown = true; grown; ) {
    grown = false;
    for (const source of sources) {
      const known = new Map([...names, ...importedNames(source, names)]);
      eachNode(source, (node) => {
        if (!ts.isTypeAliasDeclaration(node) || names.has(node.name.text) || !isNameOnly(node.type)) return;
        const door = [...typeNames(node.type)]
          .map((name) => known.get(name))
          .find((name) => name !== undefined);
        if (door === undefined) return;
        names.set(node.name.text, door);
        grown = true;
      });
    }
  }
  return names;
}

/** A type that *is* the other (a reference, a union, an intersection), not an object or function that holds one. */
function isNameOnly(type: ts.TypeNode): boolean {
  if (ts.isUnionTypeNode(type) || ts.isIntersectionTypeNode(type)) return type.types.some(isNameOnly);
  return ts.isTypeReferenceNode(type);
}

/** `import { VerifiedJob as V }`: the new name stands for the door too. */
function importedNames(source: Source, names: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const renamed = new Map<string, string>();
  eachNode(source, (node) => {
    if (!ts.isImportSpecifier(node) || !node.propertyName) return;
    const door = names.get(node.propertyName.text);
    if (door !== undefined) renamed.set(node.name.text, door);
  });
  return renamed;
}
