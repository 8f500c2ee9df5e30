"""A backend of bleak that scans and connects with the Bumble central of an `Air`, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bleak.assigned_numbers import CharacteristicPropertyName
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import (
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
    BleakGATTProtocolErrorCode,
)
from bumble.att import ATT_Error
from bumble.core import UUID, AdvertisingData, BaseBumbleError, ProtocolError
from bumble.device import Device, Peer
from bumble.hci import Address

if TYPE_CHECKING:
    from acquisition.emulated.bumble_radio import Air

MTU = 517
PROPERTIES: tuple[CharacteristicPropertyName, ...] = (
    "broadcast", "read", "write-without-response", "write", "notify", "indicate",
    "authenticated-signed-writes", "extended-properties",
)  # fmt: skip
_SERVICE_LISTS = (
    AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
    AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
)


def uuid_text(uuid: UUID) -> str:
    """Return a UUID as bleak writes it."""
    if len(uuid.uuid_bytes) == 16:
        return str(uuid.to_hex_str("-")).lower()
    return f"0000{uuid.to_hex_str().lower()}-0000-1000-8000-00805f9b34fb"


class BumbleScanner(BaseBleakScanner):
    """Scan with the central of an `Air`."""

    def __init__(
        self, air: Air, detection_callback: Any, service_uuids: Any, scanning_mode: Any, **_: Any
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._air = air

    def _on_advertisement(self, advertisement: Any) -> None:
        data = advertisement.data
        name = data.get(AdvertisingData.COMPLETE_LOCAL_NAME)
        services = [uuid_text(u) for kind in _SERVICE_LISTS for u in (data.get(kind) or [])]
        address = advertisement.address.to_string(with_type_qualifier=False)
        if not self._air.on or not self.is_allowed_uuid(services):
            return
        said = AdvertisementData(
            local_name=name,
            manufacturer_data={},
            service_data={},
            service_uuids=services,
            tx_power=None,
            rssi=advertisement.rssi,
            platform_data=(advertisement,),
        )
        device = self.create_or_update_device(address, address, name, advertisement.address, said)
        self.call_detection_callbacks(device, said)

    async def start(self) -> None:
        """Begin to listen."""
        self._air.check()
        self.seen_devices = {}
        self._air.central.on(Device.EVENT_ADVERTISEMENT, self._on_advertisement)
        await self._air.central.start_scanning()

    async def stop(self) -> None:
        """End it."""
        await self._air.central.stop_scanning()
        self._air.central.remove_listener(Device.EVENT_ADVERTISEMENT, self._on_advertisement)


class BumbleClient(BaseBleakClient):
    """Connect with the central of an `Air`."""

    def __init__(self, air: Air, address_or_ble_device: BLEDevice | str, **kwargs: Any) -> None:
        super().__init__(address_or_ble_device, **kwargs)
        self._air = air
        self._address = getattr(address_or_ble_device, "details", None) or Address(self.address)
        self._connection: Any = None
        self._heard: dict[int, Callable[[bytes], None]] = {}

    @property
    def name(self) -> str:
        """Return the address: a name is not read."""
        return self.address

    @property
    def mtu_size(self) -> int:
        """Return what was negotiated."""
        return int(self._connection.att_mtu) if self._connection else 23

    @property
    def is_connected(self) -> bool:
        """Tell whether the connection stands."""
        return self._connection is not None

    def _gone(self, *_: Any) -> None:
        was, self._connection = self._connection, None
        self._air.clients.discard(self)
        if was and self._disconnected_callback:
            self._disconnected_callback()

    async def _att(self, coroutine: Any) -> Any:
        if not self._connection:
            coroutine.close()
            raise BleakError("not connected")
        try:
            return await coroutine
        except ATT_Error as error:
            raise BleakGATTProtocolError(BleakGATTProtocolErrorCode(error.error_code)) from error
        except (asyncio.CancelledError, BaseBumbleError) as error:
            # Bumble cancels requests that are under way when the connection breaks.
            if self._connection:
                raise
            raise BleakError("the connection broke") from error

    async def connect(self, pair: bool, **_: Any) -> None:
        """Connect, ask for the largest MTU, and discover everything."""
        self._air.check()
        try:
            self._connection = await self._air.central.connect(self._address, timeout=self._timeout)
        except (TimeoutError, BaseBumbleError) as error:
            raise BleakDeviceNotFoundError(self.address) from error
        self._air.clients.add(self)
        self._connection.on(self._connection.EVENT_DISCONNECTION, self._gone)
        self.services = await self._att(self._discover(Peer(self._connection)))

    async def _discover(self, peer: Any) -> BleakGATTServiceCollection:
        await peer.request_mtu(MTU)
        await peer.discover_services()
        found = BleakGATTServiceCollection()
        for service in peer.services:
            await service.discover_characteristics()
            mine = BleakGATTService(service, service.handle, uuid_text(service.uuid))
            found.add_service(mine)
            for char in service.characteristics:
                await char.discover_descriptors()
                can = [p for k, p in enumerate(PROPERTIES) if int(char.properties) & (1 << k)]
                known = BleakGATTCharacteristic(
                    char, char.handle, uuid_text(char.uuid), can, lambda: self.mtu_size - 3, mine
                )
                found.add_characteristic(known)
                for descriptor in char.descriptors:
                    found.add_descriptor(
                        BleakGATTDescriptor(descriptor, descriptor.handle, uuid_text(descriptor.type), known)
                    )
        return found

    async def disconnect(self) -> None:
        """Disconnect."""
        if self._connection:
            await self._connection.disconnect()
        self._gone()

    async def pair(self, *_: Any, **__: Any) -> None:
        """Pair."""
        try:
            await self._att(self._connection.pair())
        except ProtocolError as error:
            raise BleakError(f"pairing refused ({error.error_name})") from error

    async def get_rssi(self) -> int:
        """Return the signal strength of the connection [dBm]."""
        return self._air.rssi

    async def unpair(self) -> None:
        """Do nothing: keys are not kept."""

    async def read_gatt_char(self, characteristic: BleakGATTCharacteristic, **_: Any) -> bytearray:
        """Read a characteristic."""
        return bytearray(await self._att(characteristic.obj.read_value()))

    async def read_gatt_descriptor(self, descriptor: BleakGATTDescriptor, **_: Any) -> bytearray:
        """Read a descriptor."""
        return bytearray(await self._att(descriptor.obj.read_value()))

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: Any, response: bool
    ) -> None:
        """Write a characteristic."""
        await self._att(characteristic.obj.write_value(bytes(data), with_response=response))

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: Any) -> None:
        """Write a descriptor."""
        await self._att(descriptor.obj.write_value(bytes(data), with_response=True))

    async def start_notify(self, characteristic: BleakGATTCharacteristic, callback: Any, **_: Any) -> None:
        """Subscribe."""

        def heard(value: bytes) -> None:
            callback(bytearray(value))

        self._heard[characteristic.handle] = heard
        await self._att(characteristic.obj.subscribe(heard, prefer_notify=True))

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """Unsubscribe."""
        await self._att(characteristic.obj.unsubscribe(self._heard.pop(characteristic.handle)))
