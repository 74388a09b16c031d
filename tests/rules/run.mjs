// Runs DHIS2's own rule engine. Reads {rules, variables, cases} as JSON on stdin, prints the effects of each case.
// The first argument is the folder into which npm installed the engine.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const modules = process.argv[2] + "/node_modules/";
const engine = await import(pathToFileURL(modules + "@dhis2/rule-engine/rule-engine.mjs"));
const require = createRequire(modules);
const { LocalDate, LocalDateTime, ZoneOffset } = require("@js-joda/core");

const KINDS = {
  DATE: "DATE", BOOLEAN: "BOOLEAN", TRUE_ONLY: "BOOLEAN", NUMBER: "NUMERIC", INTEGER: "NUMERIC", PERCENTAGE: "NUMERIC",
  INTEGER_POSITIVE: "NUMERIC", INTEGER_ZERO_OR_POSITIVE: "NUMERIC",
};
const input = JSON.parse(readFileSync(0, "utf8"));
const day = (text) => (text ? LocalDate.parse(text) : null);
const moment = (text) => (text ? LocalDateTime.parse(text + "T00:00:00").toInstant(ZoneOffset.UTC) : null);

const rules = input.rules.map((rule) => {
  const actions = rule.actions.map((action) =>
    new engine.RuleActionJs(action.data ?? null, action.type, new Map(Object.entries(action.values))));
  return new engine.RuleJs(rule.condition, actions, rule.id, rule.name, rule.stage, rule.priority);
});
const variables = input.variables.map((v) =>
  new engine.RuleVariableJs(engine.RuleVariableType.valueOf(v.source), v.name, true, [], v.field,
    engine.RuleValueType.valueOf(KINDS[v.valueType] ?? "TEXT"), null));
const context = new engine.RuleEngineContextJs(rules, variables, new Map(), new Map());

function enrollment(values) {
  const attributes = Object.entries(values).map(([uid, value]) => new engine.RuleAttributeValue(uid, value));
  return new engine.RuleEnrollmentJs("enrollment1", "TPI", day("2020-01-01"), day("2020-01-01"),
    engine.RuleEnrollmentStatus.ACTIVE, "unit", null, attributes);
}

function event(one) {
  const values = Object.entries(one.values).map(([uid, value]) => new engine.RuleDataValue(uid, value));
  return new engine.RuleEventJs("event1", one.stage, "stage", engine.RuleEventStatus.valueOf(one.status),
    moment(one.date), moment("2020-01-01"), null, null, "unit", null, values);
}

// As servers do: all at once, which also leaves out the rules of other stages.
function effects(one) {
  const target = one.stage ? "EVENT" : "ENROLLMENT";
  const found = new engine.RuleEngineJs(false)
    .evaluateAll(enrollment(one.attributes), one.stage ? [event(one)] : [], context)
    .filter((each) => each.trackerObjectType.name === target)
    .flatMap((each) => [...each.ruleEffects]);
  return found.map((effect) => ({ rule: effect.ruleId, type: effect.ruleAction.type, data: effect.data,
    ...Object.fromEntries(effect.ruleAction.values) }));
}

// What the engine cannot evaluate it reports as a log entry and an effect of type ERROR; nothing is hidden here.
console.log(JSON.stringify(input.cases.map(effects)));
