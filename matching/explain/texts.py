"""Every word that explanations say to people: their part of the catalogue of `matching.texts`, whose codes begin with ``explain.``."""

from __future__ import annotations

from matching import texts
from matching.texts import Language, Words

PREFIX = "explain."
TEXTS: dict[str, Words] = {
    # reasons -----------------------------------------------------------------------------------------------------------
    "reason.no_demand_for_product": ("Chưa có nhu cầu mua mặt hàng này.", "No demand line accepts the lot's product."),
    "reason.no_supply_of_product": (
        "Chưa có lô hàng nào thuộc mặt hàng mà dòng hàng nhận.",
        "No lot is of a product that the line accepts.",
    ),
    "reason.grade": (
        "Mọi bên cùng mặt hàng đều cần hoặc có loại khác.",
        "Every counterpart of the same product asks for, or offers, another grade.",
    ),
    "reason.certificate": (
        "Thiếu chứng nhận bắt buộc, chưa đủ hạng, hoặc không còn hiệu lực vào ngày giao.",
        "A required certificate is missing, of too low a level, or not valid on the lot's and the line's days.",
    ),
    "reason.market_code": (
        "Thiếu mã số vùng trồng hoặc mã số cơ sở đóng gói bắt buộc, hoặc mã không có hiệu lực vào ngày giao.",
        "A required planting-area or pack-house code is missing or not valid on the lot's and the line's days.",
    ),
    "reason.dates": (
        "Không có ngày lấy hàng và ngày giao nào khớp nhau trong kỳ kế hoạch và thời hạn chứng nhận.",
        "No pick-up day and delivery day fit together inside the horizon and the certificates' validity.",
    ),
    "reason.remaining_life": (
        "Ngày nào giao được thì hạn dùng còn lại cũng ngắn hơn dòng hàng yêu cầu.",
        "On every day on which it could be delivered, less shelf life remains than the line asks for.",
    ),
    "reason.cold": (
        "Hàng cần lạnh mà không xe lạnh nào vào được cả hai nơi.",
        "The goods need cold, and no refrigerated truck is admitted at both sites.",
    ),
    "reason.door": ("Không loại xe nào vào được cả hai nơi.", "No class of truck is admitted at both sites."),
    "reason.hours": (
        "Không xe nào đi hết đường trong giờ làm của lái xe và giờ mở cửa của hai nơi.",
        "No truck can drive the way within its driver's hours and the opening hours of both sites.",
    ),
    "reason.forbidden": ("Điều phối viên đã cấm mọi cặp còn lại.", "A broker has forbidden every pair that is left."),
    "reason.price": (
        "Giá mua cộng tiền phạt tránh được không vượt giá sàn cộng cước vận chuyển rẻ nhất.",
        "Bid and saved shortage penalty do not exceed the floor price and the cheapest freight.",
    ),
    "reason.better_offer": ("Các bên phù hợp đều đã khớp hết.", "Every counterpart that would pay is wholly used."),
    "reason.suppliers_limit": (
        "Mọi dòng hàng còn chỗ đều đã đủ số bên bán cho phép.",
        "Every line with room already has as many suppliers as it allows.",
    ),
    "reason.minimum": (
        "Phần còn lại ít hơn mức tối thiểu, hoặc lô không chia lớn hơn mọi xe.",
        "What is left is less than a minimum amount, or an indivisible lot is larger than any truck.",
    ),
    "reason.throughput": (
        "Có bên còn chỗ, nhưng nơi giao nhận trên đường đã hết công suất trong những ngày này.",
        "A counterpart has room, but a site on the way handles no more on these days.",
    ),
    "reason.fleet": (
        "Đi xe thì có lời, nhưng mọi xe của những loại có lời đều đã dùng hết trong những ngày này.",
        "A truck would pay, but every truck of the classes that would is used on these days.",
    ),
    "reason.truck": (
        "Có bên còn chỗ và có xe đi được, nhưng chưa tìm được chuyến nào đủ bù cước cho phần còn lại.",
        "A counterpart has room and trips are possible, but none was found that pays for what is left.",
    ),
    # the same for the reader's own side: what it means for this lot, or for this line ---------------------------------------
    "why.lot.no_demand_for_product": ("Chưa có nhu cầu mua mặt hàng này.", "No line asks for this product."),
    "why.line.no_supply_of_product": ("Chưa có lô nào thuộc mặt hàng mà dòng hàng này nhận.", "No lot is of a product that it takes."),
    "why.lot.grade": ("Các dòng hàng cùng mặt hàng đều cần loại tốt hơn.", "Every line for this product asks for a better grade."),
    "why.line.grade": ("Các lô cùng mặt hàng đều có loại thấp hơn dòng hàng này cần.", "Every lot of the product is of a lower grade."),
    "why.lot.certificate": (
        "Các dòng hàng hợp loại đều cần chứng nhận mà bên bán lô này chưa có, chưa đủ hạng, hoặc không còn hiệu lực vào ngày giao.",
        "Every line that is left requires a certificate that this supplier lacks, holds at too low a level, or not on the day.",
    ),
    "why.line.certificate": (
        "Bên bán các lô hợp loại đều chưa có chứng nhận mà dòng hàng này cần, chưa đủ hạng, hoặc không còn hiệu lực vào ngày giao.",
        "No supplier of what is left holds the certificate that this line requires, at its level and on the day.",
    ),
    "why.lot.market_code": (
        "Các dòng hàng còn lại đều cần mã số vùng trồng hoặc mã số cơ sở đóng gói mà bên bán lô này không có vào ngày giao.",
        "Every line that is left requires a planting-area or pack-house code that this supplier doesn't hold on the day.",
    ),
    "why.line.market_code": (
        "Bên bán các lô còn lại đều không có mã số vùng trồng hoặc mã số cơ sở đóng gói mà dòng hàng này cần vào ngày giao.",
        "No supplier of what is left holds the planting-area or pack-house code that this line requires on the day.",
    ),
    "why.lot.dates": (
        "Không dòng hàng nào còn lại nhận hàng vào những ngày lô này giao được.",
        "No line that is left takes goods on the days on which this lot could be delivered.",
    ),
    "why.line.dates": (
        "Không lô nào còn lại giao được vào những ngày dòng hàng này nhận.",
        "No lot that is left could be delivered on the days on which this line takes goods.",
    ),
    "why.lot.remaining_life": (
        "Các dòng hàng khớp ngày đều cần hạn dùng còn lại dài hơn.",
        "Every line whose days fit asks for more remaining life.",
    ),
    "why.line.remaining_life": (
        "Các lô khớp ngày đều không còn đủ hạn dùng mà dòng hàng này cần.",
        "Every lot whose days fit has less life left than this line asks for.",
    ),
    "why.lot.cold": (
        "Lô này cần xe lạnh, mà không xe lạnh nào vào được cả hai nơi.",
        "It needs cold, and no cold truck gets to both sites.",
    ),
    "why.line.cold": (
        "Các lô còn lại cần xe lạnh, mà không xe lạnh nào vào được cả hai nơi.",
        "The lots that are left need cold, and no cold truck gets to both sites.",
    ),
    "why.lot.door": ("Không loại xe nào vào được cả hai nơi.", "No class of truck gets to both sites."),
    "why.line.door": ("Không loại xe nào vào được cả hai nơi.", "No class of truck gets to both sites."),
    "why.lot.hours": (
        "Không xe nào chở lô này tới được dòng hàng còn lại trong giờ làm của lái xe và giờ mở cửa.",
        "No truck gets this lot to a line that is left within a driver's hours and the opening hours.",
    ),
    "why.line.hours": (
        "Không xe nào chở được lô còn lại tới dòng hàng này trong giờ làm của lái xe và giờ mở cửa.",
        "No truck gets a lot that is left to this line within a driver's hours and the opening hours.",
    ),
    "why.lot.forbidden": ("Điều phối viên đã cấm mọi dòng hàng còn lại đối với lô này.", "A broker has forbidden every line that is left."),
    "why.line.forbidden": ("Điều phối viên đã cấm mọi lô còn lại đối với dòng hàng này.", "A broker has forbidden every lot that is left."),
    "why.lot.price": (
        "Không dòng hàng nào trả đủ giá sàn của lô này cộng cước vận chuyển.",
        "No line that is left pays this lot's floor price and the freight.",
    ),
    "why.line.price": (
        "Giá mua của dòng hàng này không đủ trả giá sàn cộng cước vận chuyển của lô nào còn lại.",
        "This line's bid pays no remaining lot's floor price and freight.",
    ),
    "why.lot.better_offer": (
        "Các dòng hàng bán có lời đều đã nhận đủ hàng.",
        "Every line that would pay gets all that it wants.",
    ),
    "why.line.better_offer": (
        "Các lô mua có lời đều đã được lấy hết.",
        "Every lot that would pay is wholly taken.",
    ),
    "why.lot.suppliers_limit": (
        "Các dòng hàng còn thiếu hàng đều đã đủ số bên bán cho phép.",
        "Every line with room already has as many suppliers as it allows.",
    ),
    "why.line.suppliers_limit": (
        "Dòng hàng này đã đủ số bên bán cho phép.",
        "This line already has as many suppliers as it allows.",
    ),
    "why.lot.minimum": (
        "Phần còn lại ít hơn mức tối thiểu: của lô, của dòng hàng hoặc cho mỗi bên bán; hay lô không được chia.",
        "What is left is less than a minimum amount, of the lot, a line or a supplier, or the lot may not be divided.",
    ),
    "why.line.minimum": (
        "Phần các lô còn lại góp được ít hơn mức tối thiểu: của lô, của dòng hàng hoặc cho mỗi bên bán; hay lô không được chia.",
        "What lots have left is less than a minimum amount, of a lot, the line or a supplier, or a lot may not be divided.",
    ),
    "why.lot.throughput": (
        "Còn dòng hàng thiếu hàng, nhưng nơi nhận hoặc nơi lấy đã hết công suất trong những ngày này.",
        "A line has room, but where it is delivered or picked up no more is handled on these days.",
    ),
    "why.line.throughput": (
        "Còn lô chưa bán hết, nhưng nơi nhận hoặc nơi lấy đã hết công suất trong những ngày này.",
        "A lot has goods left, but where they are delivered or picked up no more is handled on these days.",
    ),
    "why.lot.fleet": (
        "Chở lô này có lời, nhưng mọi xe của những loại có lời đều đã dùng hết trong những ngày này.",
        "A truck for it would pay, but every truck of the classes that would is used on these days.",
    ),
    "why.line.fleet": (
        "Chở hàng cho dòng hàng này có lời, nhưng mọi xe của những loại có lời đều đã dùng hết trong những ngày này.",
        "A truck for it would pay, but every truck of the classes that would is used on these days.",
    ),
    "why.lot.truck": (
        "Còn dòng hàng thiếu hàng và có xe đi được, nhưng chưa tìm được chuyến nào bù được cước cho phần còn lại.",
        "A line has room and trips are possible, but none was found that pays for what is left.",
    ),
    "why.line.truck": (
        "Còn lô chưa bán hết và có xe đi được, nhưng chưa tìm được chuyến nào bù được cước cho phần còn lại.",
        "A lot has goods left and trips are possible, but none was found that pays for them.",
    ),
    "scheme.PUC": ("mã số vùng trồng {market}", "planting-area code for {market}"),
    "scheme.PHC": ("mã số cơ sở đóng gói {market}", "pack-house code for {market}"),
    "market.CN": ("Trung Quốc", "China"),
    "market.US": ("Hoa Kỳ", "the United States"),
    "market.AU": ("Úc", "Australia"),
    "market.JP": ("Nhật Bản", "Japan"),
    "market.KR": ("Hàn Quốc", "South Korea"),
    "market.EU": ("EU", "the European Union"),
    "market.NZ": ("New Zealand", "New Zealand"),
    "market.TH": ("Thái Lan", "Thailand"),
    "side.lot": ("lô {id}", "lot {id}"),
    "side.line": ("dòng hàng {id}", "line {id}"),
    "sides.lot": ("lô {ids}", "lots {ids}"),
    "sides.line": ("dòng hàng {ids}", "lines {ids}"),
    "unit.days": ("{n} ngày", "{n} days"),
    "unit.days.one": ("1 ngày", "1 day"),
    "unit.grades": ("{n} loại", "{n} grades"),
    "unit.grades.one": ("1 loại", "1 grade"),
    # steps of the funnel -----------------------------------------------------------------------------------------------
    "step.no_demand_for_product": ("cùng mặt hàng", "same product"),
    "step.no_supply_of_product": ("cùng mặt hàng", "same product"),
    "step.grade": ("đúng loại", "grade"),
    "step.certificate": ("đủ chứng nhận", "certificates"),
    "step.market_code": ("đủ mã số vùng trồng", "planting-area codes"),
    "step.dates": ("khớp ngày", "dates"),
    "step.remaining_life": ("đủ hạn dùng", "remaining life"),
    "step.cold": ("có xe lạnh", "cold trucks"),
    "step.door": ("xe vào được", "doors"),
    "step.hours": ("kịp giờ", "hours"),
    "step.forbidden": ("không bị cấm", "not forbidden"),
    "step.price": ("có lãi", "price"),
    "step.better_offer": ("còn chỗ", "room left"),
    "step.suppliers_limit": ("còn nhận bên bán", "suppliers"),
    "step.minimum": ("đạt mức tối thiểu", "minimums"),
    "step.throughput": ("nơi giao nhận còn công suất", "throughput"),
    "step.fleet": ("còn xe", "trucks left"),
    "step.truck": ("có xe", "truck"),
    # the story ---------------------------------------------------------------------------------------------------------
    "story.lot": (
        "Lô {id}: {kg} kg, đã khớp {used_kg}, còn {open_kg}.",
        "Lot {id}: {kg} kg, {used_kg} matched, {open_kg} open.",
    ),
    "story.line": (
        "Dòng hàng {id}: cần {kg} kg, đã khớp {used_kg}, còn thiếu {open_kg}.",
        "Line {id}: {kg} kg wanted, {used_kg} matched, {open_kg} open.",
    ),
    "story.wholly": ("Đã khớp trọn vẹn.", "It is wholly matched."),
    "story.partners": ("Đã khớp với {partners}.", "Matched with {partners}."),
    "story.lot.funnel": ("Số dòng hàng còn lại qua từng bước: {steps}.", "Lines left at each step: {steps}."),
    "story.line.funnel": ("Số lô còn lại qua từng bước: {steps}.", "Lots left at each step: {steps}."),
    "story.cause": ("Lý do: {reason}", "Reason: {reason}"),
    "story.policy.cap": (
        "Theo nguyên tắc phân bổ: {id} chỉ được bán thêm {kg} kg, vì một bên bán được tối đa {pct}%.",
        "Policy: {id} may sell {kg} kg more, for the cap on one supplier is {pct}%.",
    ),
    "story.policy.floor": (
        "Theo nguyên tắc phân bổ: mức bán tối thiểu {name} dành {kg} kg cho {id}.",
        "Policy: floor {name} keeps {kg} kg for {id}.",
    ),
    "story.nearest": ("Sát nhất: {misses}.", "Nearest misses: {misses}."),
    "story.lost": ("Nhường cho: {losses}.", "Lost to: {losses}."),
    # nearest misses ----------------------------------------------------------------------------------------------------
    "miss.no_demand_for_product": ("{other}: khác mặt hàng", "{other}: another product"),
    "miss.no_supply_of_product": ("{other}: khác mặt hàng", "{other}: another product"),
    "miss.grade": ("{other} cần tốt hơn {short}", "{other} wants {short} better"),
    "miss.grade.lot": ("{other} thấp hơn yêu cầu {short}", "{other} is {short} too low"),
    "miss.certificate.missing": ("{other}: chưa có chứng nhận {scheme}", "{other}: no certificate {scheme}"),
    "miss.certificate.level": ("{other}: chứng nhận {scheme} chưa đủ hạng", "{other}: certificate {scheme} of too low a level"),
    "miss.certificate.expires": ("{other}: chứng nhận {scheme} hết hạn {day}", "{other}: certificate {scheme} expires {day}"),
    "miss.certificate.begins": (
        "{other}: chứng nhận {scheme} chỉ có hiệu lực từ {day}",
        "{other}: certificate {scheme} begins only on {day}",
    ),
    "miss.market_code.missing": ("{other}: chưa có {scheme}", "{other}: no {scheme}"),
    "miss.market_code.level": ("{other}: {scheme} chưa đủ hạng", "{other}: {scheme} of too low a level"),
    "miss.market_code.expires": ("{other}: {scheme} hết hạn {day}", "{other}: {scheme} expires {day}"),
    "miss.market_code.begins": ("{other}: {scheme} chỉ có hiệu lực từ {day}", "{other}: {scheme} begins only on {day}"),
    "miss.dates": ("{other}: có hàng muộn {short} (chỉ nhận đến {day})", "{other}: ready {short} too late (delivery until {day})"),
    "miss.dates.early": (
        "{other}: hết hạn lấy hàng sớm {short} (chỉ nhận từ {day})",
        "{other}: gone {short} too early (delivery from {day})",
    ),
    "miss.dates.horizon": (
        "{other}: ngày khớp nằm ngoài kỳ kế hoạch hoặc thời hạn chứng nhận (giao từ {day})",
        "{other}: the days that fit lie outside the horizon or the certificates (delivery from {day})",
    ),
    "miss.remaining_life": (
        "thiếu {short} hạn dùng khi giao cho {other} ngày {day}",
        "{short} short of remaining life at {other} on {day}",
    ),
    "miss.remaining_life.lot": (
        "{other}: thiếu {short} hạn dùng khi giao ngày {day}",
        "{other}: {short} short of remaining life on {day}",
    ),
    "miss.cold": ("{other}: không xe lạnh nào vào được cả hai nơi", "{other}: no refrigerated truck gets to both sites"),
    "miss.door": ("{other}: không loại xe nào vào được cả hai nơi", "{other}: no class of truck gets to both sites"),
    "miss.hours": (
        "{other}: đường đi mất {takes} giờ, lái xe chỉ có {shift} giờ",
        "{other}: the road takes {takes} h, a driver has {shift}",
    ),
    "miss.hours.openings": ("{other}: giờ mở cửa lệch nhau {short} phút", "{other}: opening hours are {short} minutes apart"),
    "miss.hours.none": ("{other}: không xe nào kịp giờ", "{other}: no truck makes it in time"),
    "miss.forbidden": ("{other}: điều phối viên đã cấm", "{other}: forbidden by the broker"),
    "miss.price": ("đắt hơn {short} đ/kg so với {other}, đã tính cước", "{short} đ/kg too expensive for {other} after freight"),
    "miss.price.lot": ("{other} đắt hơn giá mua {short} đ/kg, đã tính cước", "{other} is {short} đ/kg above the bid after freight"),
    "miss.better_offer": ("{other} (cả {short} kg đã có bên khác)", "{other} (all of its {short} kg go with others)"),
    "miss.suppliers_limit": ("{other}: đã đủ {short} bên bán", "{other}: it has as many suppliers as it allows ({short})"),
    "miss.suppliers_limit.lot": (
        "{other}: dòng hàng đã đủ {short} bên bán",
        "{other}: the line has as many suppliers as it allows ({short})",
    ),
    "miss.minimum": ("thiếu {short} kg để đạt mức tối thiểu với {other}", "{short} kg short of a minimum with {other}"),
    "miss.throughput": (
        "{other}: {limited} chỉ nhận {short} kg mỗi ngày và đã hết chỗ ngày {day}",
        "{other}: {limited} handles {short} kg a day and is full on {day}",
    ),
    "miss.fleet": (
        "{other}: cả {short} xe {limited} đã dùng hết ngày {day}",
        "{other}: all {short} trucks of class {limited} are used on {day}",
    ),
    "miss.truck": ("đi xe riêng tới {other} sẽ lỗ {short} đ/kg", "a truck of its own to {other} would lose {short} đ/kg"),
    "miss.truck.lot": ("đi xe riêng từ {other} sẽ lỗ {short} đ/kg", "a truck of its own from {other} would lose {short} đ/kg"),
    "miss.truck.clock": (
        "{other}: đi xe riêng đủ bù cước, nhưng kế hoạch chưa dùng",
        "{other}: a truck of its own would pay, but the plan makes no such trip",
    ),
    "miss.truck.cap": (
        "{other}: theo nguyên tắc phân bổ {limited} chỉ được bán thêm {short} kg",
        "{other}: under the policy {limited} may sell {short} kg more",
    ),
    # classes of better offers --------------------------------------------------------------------------------------------
    "offer.decided": ("điều phối viên đã giữ cố định", "decided by the broker"),
    "offer.lower_ask": ("giá sàn thấp hơn", "a lower floor price"),
    "offer.higher_bid": ("giá mua cao hơn", "a higher bid"),
    "offer.contract": ("hợp đồng có phạt thiếu hàng cao hơn", "a contract with a higher penalty"),
    "offer.nearer": ("đường gần hơn", "shorter freight"),
    "offer.fuller_truck": ("ghép được chuyến xe đầy hơn", "a fuller truck"),
    "loss": ("{kg} kg của {others} ({offer}, lợi hơn {ahead} đ/kg)", "{kg} kg of {others} ({offer}, {ahead} đ/kg ahead)"),
    "loss.even": ("{kg} kg của {others} ({offer})", "{kg} kg of {others} ({offer})"),
    # what would change it ------------------------------------------------------------------------------------------------
    "change.ask": ("Hạ giá sàn của lô {id} từ {old} xuống {new} đ/kg.", "Lower the floor price of lot {id} from {old} to {new} đ/kg."),
    "change.bid": ("Nâng giá mua của dòng hàng {id} từ {old} lên {new} đ/kg.", "Raise the bid of line {id} from {old} to {new} đ/kg."),
    "change.pickup_until": ("Cho lấy lô {id} đến ngày {new} thay vì {old}.", "Let lot {id} be picked up until {new} instead of {old}."),
    "change.pickup_from": ("Cho lấy lô {id} từ ngày {new} thay vì {old}.", "Let lot {id} be picked up from {new} instead of {old}."),
    "change.deliver_until": (
        "Cho giao dòng hàng {id} đến ngày {new} thay vì {old}.",
        "Let line {id} be delivered until {new} instead of {old}.",
    ),
    "change.deliver_from": (
        "Cho giao dòng hàng {id} từ ngày {new} thay vì {old}.",
        "Let line {id} be delivered from {new} instead of {old}.",
    ),
    "change.life": (
        "Cho dòng hàng {id} nhận hàng còn {new} ngày hạn dùng thay vì {old} ngày.",
        "Lower the days of remaining life that line {id} asks for from {old} to {new}.",
    ),
    "change.grade": (
        "Cho dòng hàng {id} nhận đến loại {new} thay vì loại {old}.",
        "Let line {id} accept grade {new} instead of grade {old}.",
    ),
    "change.wanted": ("Cho dòng hàng {id} lấy {new} kg thay vì {old} kg.", "Let line {id} take {new} kg instead of {old} kg."),
    "change.offered": ("Lô {id} có {new} kg thay vì {old} kg.", "Let lot {id} offer {new} kg instead of {old} kg."),
    "change.renewal": (
        "Gia hạn chứng nhận {scheme} của {id} đến {new} thay vì {old}.",
        "Extend certificate {scheme} of {id} until {new} instead of {old}.",
    ),
    "change.certificate": ("Xin cấp chứng nhận {scheme} cho {id}.", "Obtain certificate {scheme} for {id}."),
    "change.min_fill": (
        "Hạ mức giao tối thiểu của dòng hàng {id} từ {old} xuống {new} kg.",
        "Lower the least delivery of line {id} from {old} to {new} kg.",
    ),
    "change.min_supplier": (
        "Hạ mức tối thiểu mỗi bên bán của dòng hàng {id} từ {old} xuống {new} kg.",
        "Lower the least amount of each supplier of line {id} from {old} to {new} kg.",
    ),
    "change.min_take": (
        "Hạ mức lấy tối thiểu của lô {id} từ {old} xuống {new} kg.",
        "Lower the least take of lot {id} from {old} to {new} kg.",
    ),
    "change.divisible": ("Cho chia lô {id}.", "Let lot {id} be divided."),
    "change.suppliers": (
        "Cho dòng hàng {id} nhận {new} bên bán thay vì {old}.",
        "Let line {id} have {new} suppliers instead of {old}.",
    ),
    "change.throughput": (
        "Cho {id} nhận {new} kg mỗi ngày thay vì {old} kg.",
        "Let {id} handle {new} kg a day instead of {old} kg.",
    ),
    "change.trucks": (
        "Có {new} xe loại {id} mỗi ngày thay vì {old} xe.",
        "Have {new} trucks of class {id} a day instead of {old}.",
    ),
    "change.allow": ("Bỏ lệnh cấm lô {id} cho dòng hàng {line}.", "Lift the ban of lot {id} for line {line}."),
    "answer.promise": (
        "Khi đó khớp được khoảng {promised_kg}, thấp nhất kém {short}% (đã lập lại kế hoạch để kiểm chứng); chi phí ước tính {cost} đ.",
        "Then at least {promised_kg} are matched, less {short}% at the worst (verified by planning again); thought to cost {cost} đ.",
    ),
    "answer.none": ("Không thay đổi đơn lẻ nào khiến nó được khớp.", "No change of one thing would match it."),
    "answer.none.tried": (
        "Đã thử và lập lại kế hoạch: không thay đổi đơn lẻ nào chắc chắn giúp khớp được.",
        "No change of one thing was found that would surely match it, though some were tried.",
    ),
    "answer.none.little": (
        "Không thay đổi đơn lẻ nào chắc chắn giúp khớp được: lợi nhiều nhất có thể có cũng quá nhỏ.",
        "No change of one thing would surely match it: the most that any could bring is too little.",
    ),
    "answer.matched": ("Đã khớp trọn vẹn, không cần thay đổi gì.", "It is wholly matched already; nothing need change."),
    "answer.time": (
        "Chưa tìm ra trong thời gian cho phép; còn khả năng chưa thử.",
        "None was found in the time allowed; some were not tried.",
    ),
    # what a rule costs ---------------------------------------------------------------------------------------------------
    "rule.max_suppliers": ("số bên bán tối đa", "max suppliers"),
    "rule.min_supplier": ("mức tối thiểu mỗi bên bán", "least amount of each supplier"),
    "rule.min_fill": ("mức giao tối thiểu", "least delivery"),
    "rule.min_take": ("mức lấy tối thiểu", "least take"),
    "rule.indivisible": ("lô không chia", "indivisible lots"),
    "rule.min_life": ("hạn dùng còn lại tối thiểu", "least remaining life"),
    "rule.certificates": ("chứng nhận bắt buộc", "required certificates"),
    "rule.access": ("giờ cấm xe tải", "access hours"),
    "rule.throughput": ("công suất điểm giao nhận", "throughput"),
    "rule.vehicle_count": ("số xe mỗi ngày", "trucks a day"),
    "rule.pin": ("giữ cố định", "pin"),
    "rule.forbid": ("lệnh cấm", "ban"),
    "rule.policy": ("nguyên tắc phân bổ", "policy"),
    "rule.floor": ("mức bán tối thiểu công bằng", "fairness floor"),
    "rule.cap": ("tỷ trọng tối đa của một bên bán", "cap on one supplier"),
    "limit.max_suppliers": ("tối đa {n} bên bán", "max {n} suppliers"),
    "limit.max_suppliers.one": ("chỉ 1 bên bán", "one supplier alone"),
    "limit.min_supplier": ("ít nhất {n} kg mỗi bên bán", "at least {n} kg of each supplier"),
    "limit.min_fill": ("giao ít nhất {n} kg", "delivering at least {n} kg"),
    "limit.min_take": ("lấy ít nhất {n} kg", "taking at least {n} kg"),
    "limit.indivisible": ("việc không chia", "indivisibility"),
    "limit.min_life": ("hạn dùng còn ít nhất {n} ngày", "at least {n} days of remaining life"),
    "limit.min_life.one": ("hạn dùng còn ít nhất 1 ngày", "at least 1 day of remaining life"),
    "limit.throughput": ("tối đa {n} kg mỗi ngày", "at most {n} kg a day"),
    "limit.vehicle_count": ("tối đa {n} xe mỗi ngày", "at most {n} trucks a day"),
    "limit.vehicle_count.one": ("chỉ 1 xe mỗi ngày", "one truck a day"),
    "at.lots": ("của {where}", "of {where}"),
    "at.lines": ("của {where}", "of {where}"),
    "at.sites": ("tại {where}", "at {where}"),
    "at.vehicles": ("loại {where}", "of class {where}"),
    "at.pair": ("{lot} cho {line}", "of {lot} for {line}"),
    "ask.change": ("Thay đổi gì thì khớp được?", "What would change it?"),
    "ask.pool": ("Những bên nào cùng nhau giao đủ được?", "Who together could fill it?"),
    "ask.price": ("{rule} làm giảm lợi ích ròng bao nhiêu?", "{rule}: what does it cost?"),
    "price.costs": ("{rule} {where} làm giảm lợi ích ròng {cost} đ.", "{rule} {where} costs {cost} đ."),
    "price.nothing": ("{rule} {where} không làm giảm lợi ích ròng.", "{rule} {where} costs nothing."),
    "price.noise": (
        "{rule} {where}: chênh {cost} đ, trong sai số tìm kiếm ({noise} đ).",
        "{rule} {where}: {cost} đ, within the search's noise ({noise} đ).",
    ),
    "price.here": ("ở đây", "here"),
    # pools ---------------------------------------------------------------------------------------------------------------
    "pool.line": (
        "Dòng hàng {id} còn thiếu {open_kg}; những bên sau cùng giao được {kg} kg.",
        "Line {id} lacks {open_kg}; these together bring {kg} kg.",
    ),
    "pool.member": ("{site}: {kg} kg ({lots}), {signer} đại diện", "{site}: {kg} kg ({lots}), signed by {signer}"),
    "pool.gain": ("Lợi ích ròng tăng {vnd} đ.", "The net benefit rises by {vnd} đ."),
    "pool.loss": ("Lợi ích ròng giảm {vnd} đ.", "The net benefit falls by {vnd} đ."),
    "pool.none": (
        "Với hàng còn lại, không có những bên nào cùng nhau giao thêm được cho dòng hàng {id} mà vẫn đúng quy tắc.",
        "Of what is still open, no pool could bring line {id} more within the rules.",
    ),
    "pool.filled": ("Dòng hàng {id} đã đủ.", "Line {id} is filled already."),
    # errors and the terminal ---------------------------------------------------------------------------------------------
    "error.lot": ("Không có lô nào mang mã {id}.", "There is no lot {id}."),
    "error.line": ("Không có dòng hàng nào mang mã {id}.", "There is no line {id}."),
    "error.rule.none": ("Ở đây không có quy tắc {rule} ({kind}).", "Here there is no rule {kind} ({rule})."),
    "error.rule.named": ("{of} không có quy tắc {rule} ({kind}).", "Of {of} there is no rule {kind} ({rule})."),
    "error.rule.unknown": ("Không có dòng nào mang mã {of}.", "Here no row is called {of}."),
    "error.rule.floor": ("Nguyên tắc phân bổ không có mức bán tối thiểu nào tên {of}.", "In the policy there is no floor called {of}."),
    "error.rule.pair": (
        "Nêu cả lô và dòng hàng, lô trước: {rule} ({kind}).",
        "Name both, the lot first: a {kind} is named by a lot and a line ({rule}).",
    ),
    "error.rule.without": (
        "Kế hoạch này được lập mà không có {rule} ({kind}).",
        "Here there is no {kind} ({rule}): the plan was made without.",
    ),
    "error.rule.of_policy": (
        "Đây là phần của nguyên tắc phân bổ, không phải của dữ liệu: {rule} ({kind}).",
        "A {kind} is no part of a problem but of a policy ({rule}).",
    ),
    "other.input": (
        "Kế hoạch này được lập từ dữ liệu khác: những điều dưới đây có thể không đúng.",
        "This plan was made from another input: what follows may not hold.",
    ),
    "stopped.early": (
        "Lần lập kế hoạch đã dừng sớm: lời giải thích nói về kế hoạch tốt nhất đến lúc đó.",
        "The run was stopped early: this speaks of the best plan that it had by then.",
    ),
}  # fmt: skip

texts.register({PREFIX + key: words for key, words in TEXTS.items()})


def say(key: str, language: Language, **figures: object) -> str:
    """Return the text of a key, without its prefix, as `matching.texts.say` does."""
    return texts.say(PREFIX + key, language, **figures)


def scheme_name(scheme: str, language: Language) -> str:
    """Return what people call a certificate scheme: a planting-area code ``PUC:CN`` is named with its market."""
    kind, _, market = scheme.partition(":")
    if kind not in ("PUC", "PHC") or not market:
        return scheme
    known = f"market.{market}"
    return say(f"scheme.{kind}", language, market=say(known, language) if known in TEXTS else market)


__all__ = ["TEXTS", "Language", "say", "scheme_name"]
