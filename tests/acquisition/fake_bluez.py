"""A minimal org.bluez on a private D-Bus, its radio a Bumble central: stock bleak runs without a Bluetooth kernel."""
# ruff: noqa: F821, F722, E501
# mypy: ignore-errors
# The annotations of dbus-fast are D-Bus signatures, not types, so this module has no postponed annotations.

from bumble.att import ATT_Error
from bumble.core import AdvertisingData
from bumble.device import Device, Peer
from dbus_fast import DBusError, PropertyAccess, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property

from acquisition.emulated.bumble_backend import PROPERTIES, uuid_text
from acquisition.emulated.bumble_radio import Air

RO = PropertyAccess.READ
HCI = "/org/bluez/hci0"


def prop(name, signature, read):
    """Return a read-only D-Bus property whose value comes from a function of the interface."""

    def get(self):
        return read(self)

    get.__annotations__ = {"return": signature}
    get.__name__ = name
    return dbus_property(RO)(get)


class Adapter(ServiceInterface):
    def __init__(self, bluez):
        super().__init__("org.bluez.Adapter1")
        self.bluez, self.on = bluez, False

    Address = prop("Address", "s", lambda s: "F0:F1:F2:F3:F4:F5")
    Powered = prop("Powered", "b", lambda s: True)
    Roles = prop("Roles", "as", lambda s: ["central"])
    Discovering = prop("Discovering", "b", lambda s: s.on)

    @dbus_method()
    def SetDiscoveryFilter(self, f: "a{sv}"):
        pass

    @dbus_method()
    async def StartDiscovery(self):
        self.on = True
        self.emit_properties_changed({"Discovering": True})
        await self.bluez.air.central.start_scanning()

    @dbus_method()
    async def StopDiscovery(self):
        await self.bluez.air.central.stop_scanning()
        self.on = False
        self.emit_properties_changed({"Discovering": False})


class Remote(ServiceInterface):
    def __init__(self, bluez, advertisement, title, uuids, path):
        super().__init__("org.bluez.Device1")
        self.bluez, self.peer, self.title, self.uuids, self.path = (
            bluez,
            advertisement.address,
            title,
            uuids,
            path,
        )
        self.rssi, self.connected, self.resolved, self.parts = advertisement.rssi, False, False, []

    Address = prop("Address", "s", lambda s: s.peer.to_string(False))
    AddressType = prop("AddressType", "s", lambda s: "random")
    Name = prop("Name", "s", lambda s: s.title)
    Alias = prop("Alias", "s", lambda s: s.title)
    Adapter = prop("Adapter", "o", lambda s: HCI)
    UUIDs = prop("UUIDs", "as", lambda s: s.uuids)
    RSSI = prop("RSSI", "n", lambda s: s.rssi)
    Connected = prop("Connected", "b", lambda s: s.connected)
    ServicesResolved = prop("ServicesResolved", "b", lambda s: s.resolved)
    Paired = prop("Paired", "b", lambda s: False)

    @dbus_method()
    async def Connect(self):
        self.link = await self.bluez.air.central.connect(self.peer, timeout=5)
        self.link.on(self.link.EVENT_DISCONNECTION, self._gone)
        self.connected = True
        self.emit_properties_changed({"Connected": True})
        peer = Peer(self.link)
        await peer.request_mtu(517)
        await peer.discover_services()
        for service in peer.services:
            await service.discover_characteristics()
            place = f"{self.path}/service{service.handle:04x}"
            self._add(place, Service(uuid_text(service.uuid), self.path))
            for char in service.characteristics:
                await char.discover_descriptors()
                self._add(f"{place}/char{char.handle - 1:04x}", Char(char, place, self.link))
        self.resolved = True
        self.emit_properties_changed({"ServicesResolved": True})

    def _add(self, path, interface):
        self.parts.append((path, interface))
        self.bluez.bus.export(path, interface)

    def _gone(self, *_):
        self.connected = self.resolved = False
        self.emit_properties_changed({"ServicesResolved": False, "Connected": False})
        for path, interface in reversed(self.parts):
            self.bluez.bus.unexport(path, interface)
        self.parts = []

    @dbus_method()
    async def Disconnect(self):
        if self.connected:
            await self.link.disconnect()


class Service(ServiceInterface):
    def __init__(self, uuid, device):
        super().__init__("org.bluez.GattService1")
        self.uuid, self.device = uuid, device

    UUID = prop("UUID", "s", lambda s: s.uuid)
    Primary = prop("Primary", "b", lambda s: True)
    Device = prop("Device", "o", lambda s: s.device)


class Char(ServiceInterface):
    def __init__(self, char, service, link):
        super().__init__("org.bluez.GattCharacteristic1")
        self.char, self.service, self.link, self.value, self.on = char, service, link, b"", False

    UUID = prop("UUID", "s", lambda s: uuid_text(s.char.uuid))
    Service = prop("Service", "o", lambda s: s.service)
    Flags = prop(
        "Flags", "as", lambda s: [p for k, p in enumerate(PROPERTIES) if int(s.char.properties) & (1 << k)]
    )
    Value = prop("Value", "ay", lambda s: s.value)
    Notifying = prop("Notifying", "b", lambda s: s.on)
    MTU = prop("MTU", "q", lambda s: s.link.att_mtu)

    async def _att(self, coroutine):
        try:
            return await coroutine
        except ATT_Error as error:
            text = f"Operation failed with ATT error: 0x{int(error.error_code):02x}"
            raise DBusError("org.bluez.Error.Failed", text) from error

    @dbus_method()
    async def ReadValue(self, options: "a{sv}") -> "ay":
        return bytes(await self._att(self.char.read_value()))

    @dbus_method()
    async def WriteValue(self, value: "ay", options: "a{sv}"):
        asked = options.get("type", Variant("s", "request")).value == "request"
        await self._att(self.char.write_value(bytes(value), with_response=asked))

    def _heard(self, value):
        self.value = bytes(value)
        self.emit_properties_changed({"Value": self.value})

    @dbus_method()
    async def StartNotify(self):
        await self._att(self.char.subscribe(self._heard))
        self.on = True
        self.emit_properties_changed({"Notifying": True})

    @dbus_method()
    async def StopNotify(self):
        await self._att(self.char.unsubscribe(self._heard))
        self.on = False


class FakeBlueZ:
    """BlueZ on a bus, for the devices of an `Air`."""

    def __init__(self, air: Air):
        self.air, self.known = air, {}

    async def start(self, address):
        await self.air.power_on()
        self.bus = await MessageBus(bus_address=address).connect()
        self.bus.export(HCI, Adapter(self))
        await self.bus.request_name("org.bluez")
        self.air.central.on(Device.EVENT_ADVERTISEMENT, self._heard)

    def _heard(self, advertisement):
        key = advertisement.address.to_string(False)
        if key in self.known:
            self.known[key].emit_properties_changed({"RSSI": advertisement.rssi})
            return
        title = advertisement.data.get(AdvertisingData.COMPLETE_LOCAL_NAME) or key
        kind = AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS
        uuids = [uuid_text(u) for u in (advertisement.data.get(kind) or [])]
        path = f"{HCI}/dev_{key.replace(':', '_')}"
        self.known[key] = Remote(self, advertisement, title, uuids, path)
        self.bus.export(path, self.known[key])
