// What module.json's commands do, and what becomes of what is heard. All addresses come from module.json.
function set(address, value) {
  local.send(address, value === true ? 1 : value === false ? 0 : value);
}

function press(address) {
  local.send(address, 1);
}

function loadPreset(name) {
  local.send("/preset/load", name);
}

// Values stand in containers by the first part of their address, under the whole address.
function oscEvent(address, args) {
  var group = local.values.getChild(address.split("/")[1] + " heard");
  if (!group) return;
  var value = group.getChild(address);
  if (value) value.set(args[0]);
}
